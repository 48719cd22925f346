"""KLM trigger in layer-count mode as hardware, all sectors of one event at once; counts and back-to-back flags of any mode.

Input bit `15 * sector + layer` of `in_layers` is a hit in a layer; sectors are numbered as in the model: BKLM backward 0-7, BKLM
forward 8-15, EKLM backward 16-19, EKLM forward 20-23.
"""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from trigger.klm import N_BKLM, N_LAYERS, N_SECTORS, SECTORS, KlmParameters


def count_ones(bits: list[Value]) -> Value:
    """Return the number of ones as a balanced adder tree."""
    if len(bits) == 1:
        return bits[0]
    half = len(bits) // 2
    return count_ones(bits[:half]) + count_ones(bits[half:])


def decision_ports() -> dict[str, Out]:
    """Ports of the decision: those of `decide`."""
    return {
        "out_klm_fired": Out(N_SECTORS),
        "out_klm_n_bklm": Out(range(N_BKLM + 1)),
        "out_klm_n_eklm": Out(range(N_SECTORS - N_BKLM + 1)),
        "out_klm_hit": Out(1),
        "out_klm_eklm_hit": Out(1),
        "out_klm_b2b": Out(1),
        "out_klm_eklm_b2b": Out(1),
    }


def decide(m: Module, out: wiring.Component, fired: Value) -> None:
    """Drive the ports of the decision in domain sync: fired sectors, their counts, back-to-back flags; one register."""
    sections, low = [], 0
    for n_sectors in SECTORS:
        sections.append(fired[low : low + n_sectors])
        low += n_sectors
    any_fired = [section.any() for section in sections]
    m.d.sync += [
        out.out_klm_fired.eq(fired),
        out.out_klm_n_bklm.eq(count_ones(list(Cat(sections[:2])))),
        out.out_klm_n_eklm.eq(count_ones(list(Cat(sections[2:])))),
        out.out_klm_hit.eq(any_fired[0] | any_fired[1]),
        out.out_klm_eklm_hit.eq(any_fired[2] | any_fired[3]),
        out.out_klm_b2b.eq(any_fired[0] & any_fired[1]),
        out.out_klm_eklm_b2b.eq(any_fired[2] & any_fired[3]),
    ]


class KlmTrigger(wiring.Component):
    """KLM decision of one event per cycle; outputs are meaningful while `out_valid`."""

    LATENCY = 2
    INITIATION_INTERVAL = 1

    def __init__(self, parameters: KlmParameters | None = None) -> None:
        self._parameters = parameters or KlmParameters()
        super().__init__(
            {
                "in_valid": In(1),
                "in_layers": In(N_SECTORS * N_LAYERS),
                "out_valid": Out(1),
                **decision_ports(),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self._parameters
        fired, valid = Signal(N_SECTORS), Signal()
        m.d.sync += [valid.eq(self.in_valid), self.out_valid.eq(valid)]
        for sector in range(N_SECTORS):
            layers = self.in_layers.word_select(sector, N_LAYERS)[p.first_layer : p.last_layer + 1]
            m.d.sync += fired[sector].eq(count_ones(list(layers)) >= p.min_layers if len(layers) else 0)
        decide(m, self, fired)
        return m
