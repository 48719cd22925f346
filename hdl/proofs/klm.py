"""Claims about the KLM trigger: which sectors fire, their counts and flags, for every pattern of layers at any time."""

from dataclasses import replace

from amaranth.hdl import Assert, Cat, Const, Module, Value

from hdl.klm import KlmTrigger
from hdl.proofs.bench import Bench, equal_when, past
from hdl.proofs.proof import Proof
from trigger.klm import KlmParameters

LAYERS_PER_SECTOR = 15
SECTIONS = ((0, 8), (8, 8), (16, 4), (20, 4))
"""First sector and number of sectors: BKLM backward, forward, EKLM backward, forward. Source: basf2 trg/klm [SIM]."""


def number_of_ones(bits: Value) -> Value:
    """Ones of a value, bit after bit."""
    total: Value = Const(0, 1)
    for bit in bits:
        total = (total + bit)[: len(bits).bit_length()]
    return total


class KlmClaim:
    """Every answer belongs to the event `latency` cycles ago, none is lost, doubled or invented, and a reset forgets all."""

    def __init__(self, parameters: KlmParameters, latency: int) -> None:
        self._parameters, self._latency = parameters, latency

    def __call__(self, bench: Bench, m: Module) -> None:
        dut, p = bench.dut, self._parameters
        assert isinstance(dut, KlmTrigger)
        valid, layers = past(m, dut.in_valid, self._latency), past(m, dut.in_layers, self._latency)
        m.d.comb += Assert(dut.out_valid == valid)
        fired = []
        for sector in range(sum(n for _, n in SECTIONS)):
            first = LAYERS_PER_SECTOR * sector
            used = layers[first + p.first_layer : first + min(p.last_layer + 1, LAYERS_PER_SECTOR)]
            fired.append(number_of_ones(used) >= p.min_layers)
        for sector, fires in enumerate(fired):
            equal_when(m, valid, dut.out_klm_fired[sector], fires)
        sections = [dut.out_klm_fired[first : first + n] for first, n in SECTIONS]
        equal_when(m, valid, dut.out_klm_n_bklm, number_of_ones(Cat(sections[:2])))
        equal_when(m, valid, dut.out_klm_n_eklm, number_of_ones(Cat(sections[2:])))
        hit = [section != 0 for section in sections]
        for port, expected in (
            (dut.out_klm_hit, hit[0] | hit[1]),
            (dut.out_klm_eklm_hit, hit[2] | hit[3]),
            (dut.out_klm_b2b, hit[0] & hit[1]),
            (dut.out_klm_eklm_b2b, hit[2] & hit[3]),
        ):
            equal_when(m, valid, port, expected)


def proofs() -> list[Proof]:
    """Proofs of the block."""
    parameters = KlmParameters()
    claim = KlmClaim(parameters, KlmTrigger.LATENCY)
    wrong = replace(parameters, min_layers=parameters.min_layers - 1)
    return [
        Proof(
            name="klm.sectors",
            says="a sector fires just if enough distinct layers of the declared range are hit; counts and flags are those of the "
            "fired sectors; each event answers once, in order, after the declared latency; a reset forgets what is under way",
            bench=lambda: Bench(KlmTrigger(parameters), claim),
            broken=lambda: Bench(KlmTrigger(wrong), claim),
            depth=KlmTrigger.LATENCY + 2,
        )
    ]
