"""Claims about the neuro trigger: each track gets the answer of the network that took it, and only that one."""

from functools import partial

from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Shape, Signal

from hdl.cdc.neuro.axial import AxialSegments
from hdl.cdc.neuro.inputs import NeuroInputs
from hdl.cdc.neuro.mlp import ClassicMlp
from hdl.cdc.neuro.references import References
from hdl.cdc.neuro.stereo import StereoSuperlayer
from hdl.cdc.neuro.trigger import NeuroTrigger, network_rtl
from hdl.proofs.bench import Bench, past
from hdl.proofs.chain_pipelines import REUSE
from hdl.proofs.pipeline import Flight
from hdl.proofs.proof import Proof
from trigger.networks import DEFAULT_NETWORK, load_network


def order_claim(bench: Bench, m: Module) -> None:
    """Networks take the tracks in turn, none before it is free; with each track's own time comes its own network's answer."""
    dut = bench.dut
    assert isinstance(dut, NeuroTrigger)
    inputs, networks, late = dut._inputs, dut._networks, dut.LATENCY
    flight = Flight(m, dut.in_valid & dut.in_has_track, late)
    turn = Signal(range(len(networks)), name="own_turn")
    with m.If(flight.ago[inputs.LATENCY]):
        m.d.sync += turn.eq(Mux(turn == len(networks) - 1, 0, turn + 1))
    m.d.comb += [Assert(bench.probes["turn"] == turn), Assert(inputs.out_valid == flight.ago[inputs.LATENCY])]
    for k in range(1, inputs.LATENCY + 1):
        m.d.comb += Assert(bench.probes[f"inputs.valid_{k}"] == flight.ago[k])
    for k in range(1, late - inputs.LATENCY + 1):
        m.d.comb += Assert(bench.probes[f"valid_{k}"] == flight.ago[inputs.LATENCY + k])
    numbers = [turn]
    for _ in range(networks[0].LATENCY):
        numbers.append(past(m, numbers[-1], 1))
    for number, network in enumerate(networks):
        taken = [flight.ago[inputs.LATENCY + k] & (one == number) for k, one in enumerate(numbers)]
        wanted = Mux(dut.out_has_expert, Cat(network.out_z, network.out_theta), 0)
        m.d.comb += [
            Assert(network.in_valid == taken[0]),
            Assert(~(taken[0] & Cat(taken[1 : network.INITIATION_INTERVAL]).any())),
            Assert(~taken[0] | ((network.in_x == inputs.out_x) & (network.in_expert == inputs.out_expert))),
            Assume(network.out_valid == taken[-1]),
            Assert(~taken[-1] | (Cat(dut.out_z, dut.out_theta) == wanted)),
        ]
    flight.answer(dut.out_valid, late)


def order_bench(n_fewer: int = 0) -> Bench:
    """The neuro trigger of the track trigger, without the numbers of its input stage and its networks."""
    network = load_network(DEFAULT_NETWORK).network
    first = network_rtl(network, reuse=REUSE)
    copies = [first, *(network_rtl(network, reuse=REUSE) for _ in range(first.INITIATION_INTERVAL - 1 - n_fewer))]
    dut = NeuroTrigger(NeuroInputs(rows_apart=True), copies)
    probes = {"turn": Shape.cast(range(len(copies)))}
    probes |= {f"inputs.valid_{k}": Shape(1) for k in range(1, NeuroInputs.LATENCY + 1)}
    probes |= {f"valid_{k}": Shape(1) for k in range(1, first.LATENCY + 1)}
    cut = (References, AxialSegments, StereoSuperlayer, ClassicMlp)
    return Bench(dut, order_claim, probes, cut=cut, takes_apart=True)


def proofs() -> list[Proof]:
    """Proof of the order; the faulty component has a network too few."""
    return [
        Proof(
            name="tracks.neuro_order",
            says="the neuro trigger answers each track once, in order, after the declared latency, with the answer of the one "
            "network that took its inputs; the networks take the tracks in turn, none sooner than declared after the one before; "
            "if they keep their own claims, whatever they answer; a reset forgets what is under way",
            bench=order_bench,
            broken=partial(order_bench, 1),
            depth=REUSE + 2,
            broken_depth=NeuroInputs.LATENCY + REUSE + 2,
        )
    ]
