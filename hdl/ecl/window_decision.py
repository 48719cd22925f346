"""The part of the decision that needs no clusters: ICN, sums, 2D Bhabha, physics, background veto, timing."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.background_veto import BackgroundVeto
from hdl.ecl.bhabha2d import Bhabha2d
from hdl.ecl.icn import Icn
from hdl.ecl.ring_sums import RingSummer
from hdl.ecl.sums import Sums
from hdl.ecl.timing import Timing
from hdl.ecl.window import RowSignature
from trigger.ecl.layout import DECISION_FIELDS
from trigger.ecl.thresholds import EclThresholds
from trigger.geometry.ecl import N_CELLS

FIELDS = (
    *("icn", "icn_fw", "icn_br", "icn_bw", "ephys_adc", "etotal_adc", "elow", "ehigh", "elum", "burst", "physics"),
    *("bhabha2d_type", "bhabha2d", "bgveto", "timing", "timing_source", "timing_quality"),
)
"""Decision fields of this part."""
WIDTHS = {field.name.removeprefix("ecl_"): field.length * field.width for field in DECISION_FIELDS}


class WindowDecision(wiring.Component):
    """The fields of `FIELDS` and `hit`, whether anything is hit; without a hit all are 0.

    `hits` are valid with `complete`, new `seeds` come with `seeds_done`. The fields appear `LATENCY` cycles after `seeds_done`
    and stay until the next window's.
    """

    LATENCY = Icn.LATENCY + 1

    def __init__(self, thresholds: EclThresholds) -> None:
        self._thresholds = thresholds
        super().__init__(
            {
                "row": In(RowSignature),
                "hits": In(N_CELLS),
                "complete": In(1),
                "seeds": In(N_CELLS),
                "seeds_done": In(1),
                "hit": Out(1),
                **{name: Out(WIDTHS[name]) for name in FIELDS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        t = self._thresholds
        m.submodules.rings = rings = RingSummer()
        m.submodules.sums = sums = Sums(t)
        m.submodules.bhabha2d = bhabha2d = Bhabha2d(t)
        m.submodules.timing = timing = Timing(t)
        m.submodules.veto = veto = BackgroundVeto()
        m.submodules.icn = icn = Icn()
        wiring.connect(m, wiring.flipped(self.row), rings.row)
        wiring.connect(m, wiring.flipped(self.row), timing.row)
        m.d.comb += [
            sums.start.eq(rings.done),
            sums.rings.eq(rings.rings),
            bhabha2d.start.eq(rings.done),
            bhabha2d.rings.eq(rings.rings),
            veto.start.eq(self.complete),
            veto.hits.eq(self.hits),
            icn.start.eq(self.seeds_done),
            icn.seeds.eq(self.seeds),
        ]

        total, is_bhabha2d, physics = Signal(WIDTHS["icn"]), Signal(), Signal()
        m.d.comb += [
            total.eq(icn.fw + icn.br),
            is_bhabha2d.eq(bhabha2d.types.any() & (total <= t.bhabha2d_icn_max)),
            physics.eq((sums.energetic | (total >= t.physics_icn_min)) & ~is_bhabha2d),
        ]
        values: dict[str, Value] = {
            "icn": total,
            "icn_fw": icn.fw,
            "icn_br": icn.br,
            "icn_bw": icn.bw,
            "ephys_adc": sums.ephys,
            "etotal_adc": sums.etotal,
            "elow": sums.elow,
            "ehigh": sums.ehigh,
            "elum": sums.elum,
            "burst": sums.burst,
            "physics": physics,
            "bhabha2d_type": bhabha2d.types,
            "bhabha2d": is_bhabha2d,
            "bgveto": veto.veto,
            "timing": timing.time,
            "timing_source": timing.source,
            "timing_quality": timing.quality,
        }
        with m.If(icn.done):
            m.d.sync += self.hit.eq(veto.hit)
            for name in FIELDS:
                with m.If(veto.hit):
                    m.d.sync += getattr(self, name).eq(values[name])
                with m.Else():
                    m.d.sync += getattr(self, name).eq(0)
        return m
