"""Claims about when the networks of the neuro trigger answer; small networks, because control does not depend on the weights."""

from functools import partial

import numpy as np
from amaranth.hdl import Assert, Cat, Module, Mux, Shape, Signal

from hdl.cdc.neuro.activation import Activation
from hdl.cdc.neuro.beats import Beats
from hdl.cdc.neuro.codesign import CodesignMlp
from hdl.cdc.neuro.codesign_layer import beat_token
from hdl.cdc.neuro.mlp import ClassicMlp
from hdl.proofs.bench import Bench, Claim
from hdl.proofs.pipeline import Fault, Flight, further
from hdl.proofs.proof import Proof
from trigger.cdc.neuro import codesign, mlp

REUSE = 3
"""Cycles of a multiplier per vector (our choice)."""
N_INPUTS, N_HIDDEN = 27, 4


def taken_vectors(bench: Bench, m: Module, interval: int, n_cycles: int) -> Flight:
    """Vectors that are taken: after one, none for `interval` cycles."""
    busy = Signal(range(interval), name="own_busy")
    taken = bench.free["in_valid"] & (busy == 0)
    m.d.sync += busy.eq(Mux(taken, interval - 1, Mux(busy == 0, 0, busy - 1)))
    flight = Flight(m, taken, n_cycles)
    m.d.comb += Assert(bench.probes["busy"] == busy)
    m.d.comb += Assert((busy != 0) == flight.within(1, interval - 1))
    m.d.comb += [Assert(~flight.ago[k] | (busy == interval - k)) for k in range(1, interval)]
    flight.are_apart(interval)
    return flight


def classic_claim(fault: Fault | None = None) -> Claim:
    """One answer per vector that is taken; its beats follow each other in each layer."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, ClassicMlp)
        flight = taken_vectors(bench, m, dut.INITIATION_INTERVAL, dut.LATENCY)
        start = 0
        for lanes, layer in zip(dut._lanes, dut.layers, strict=True):
            token, ahead = layer.token, Activation.LATENCY if start else 0
            first = start + Beats.LATENCY + ahead
            m.d.comb += Assert(token.valid == flight.within(first, lanes.n_beats))
            for beat in range(lanes.n_beats):
                is_first, is_last = beat == 0, beat == lanes.n_beats - 1
                shown = (token.beat == beat) & (token.first == is_first) & (token.last == is_last)
                m.d.comb += Assert(~flight.ago[first + beat] | shown)
            start = first + lanes.n_beats - 1 + layer.LATENCY
        flight.answer(dut.out_valid, dut.LATENCY, fault)

    return claim


def classic_bench(fault: Fault | None = None) -> Bench:
    """A classic network of two layers."""
    shapes = (N_HIDDEN, N_INPUTS), (2, N_HIDDEN)
    network = mlp.ClassicMlp([np.ones(shape, int) for shape in shapes], [np.zeros(n_nodes, int) for n_nodes, _ in shapes])
    dut = ClassicMlp([network], reuse=REUSE)
    return Bench(dut, classic_claim(fault), {"busy": Shape.cast(range(dut.INITIATION_INTERVAL + 1))})


def codesign_claim(fault: Fault | None = None) -> Claim:
    """One answer per vector that is taken; the beats of its sums follow each other."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, CodesignMlp)
        interval = dut.INITIATION_INTERVAL
        flight = taken_vectors(bench, m, interval, dut.LATENCY)
        token = bench.probes["layer_0.token"]
        for beat in range(interval):
            m.d.comb += Assert(~flight.ago[1 + beat] | (token == 1 + (beat << 1)))
        idle = Cat(token == (beat << 1) for beat in range(interval)).any()
        m.d.comb += Assert(idle != flight.within(1, interval))
        flight.answer(dut.out_valid, dut.LATENCY, fault)

    return claim


def codesign_bench(fault: Fault | None = None) -> Bench:
    """A codesign network of two layers, with beats between them."""
    interface, layers = codesign.NEURO, []
    for k, (n_nodes, n_inputs) in enumerate(((N_HIDDEN, N_INPUTS), (len(interface.answers), N_HIDDEN))):
        ones, zeros = np.ones(n_inputs, int), np.zeros(n_nodes, int)
        weight = np.ones((n_nodes, n_inputs), int)
        layers.append(
            codesign.CodesignLayer(
                integer=ones, fraction=ones, signed=k == 0, weight=weight, weight_fraction=0, bias=zeros, bias_fraction=0
            )
        )
    dut = CodesignMlp(codesign.CodesignNetwork(layers), reuse=REUSE)
    probes = {"layer_0.token": Shape(beat_token(dut.INITIATION_INTERVAL).size)}
    return Bench(dut, codesign_claim(fault), probes | {"busy": Shape.cast(range(dut.INITIATION_INTERVAL + 1))})


def proofs() -> list[Proof]:
    """Proofs of both families; as deep as the latencies of these networks and two cycles more."""
    kinds = {"neuro": (classic_bench, 24), "codesign": (codesign_bench, 12)}
    return [
        Proof(
            name=f"tracks.{name}_pipeline",
            says="a network answers each vector that it takes once, in order, after the declared latency, and nothing else; it "
            "takes one as often as declared and ignores those in between; a reset forgets what is under way",
            bench=bench,
            broken=partial(bench, Fault.KEPT),
            depth=depth,
            faults=further(bench, depth),
        )
        for name, (bench, depth) in kinds.items()
    ]
