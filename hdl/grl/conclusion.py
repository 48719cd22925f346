"""Everything that follows from the complete maps of an event: counts, opening angles, endcaps, photons."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.grl.collector import Collected, Surroundings
from hdl.grl.rings import any_of, apart, bins_of, count, one_hot, quadrants_of, turned
from hdl.grl.sector_scan import SectorTracks
from hdl.logic import delayed
from trigger.ecl.thresholds import MAX_CLUSTERS
from trigger.grl.layout import DECISION_FIELDS
from trigger.grl.parameters import IECL_BINS, N_BINS, Window

FULL_FULL = {
    "cdc_open90": Window.OPEN90,
    "cdc_b2b3": Window.B2B3,
    "cdc_b2b5": Window.B2B5,
    "cdc_b2b7": Window.B2B7,
    "cdc_b2b9": Window.B2B9,
    "f2f30": Window.OPEN30,
}
SHORT_FULL = {"s2f3": Window.B2B3, "s2f5": Window.B2B5, "s2fo": Window.OPEN90, "s2f30": Window.OPEN30}
SHORT_SHORT = {"s2s3": Window.B2B3, "s2s5": Window.B2B5, "s2so": Window.OPEN90, "s2s30": Window.OPEN30}
INNER_INNER = {"i2io": Window.OPEN90, "itsfb2b": Window.B2B5}
INNER_FULL = {"i2fo": Window.OPEN90}
CLUSTER_CLUSTER = {"d3": Window.B2B3, "d5": Window.B2B5, "d7": Window.B2B7}
TRACK_CLUSTER = {"p3": Window.B2B3, "p5": Window.B2B5, "p7": Window.B2B7, "p9": Window.B2B9}


class Conclusion(wiring.Component):
    """All fields of an event, `LATENCY` cycles after its maps; one event per cycle."""

    LATENCY = 3

    def __init__(self) -> None:
        outputs = {field.name: Out(field.length * field.width) for field in DECISION_FIELDS}
        super().__init__({"sectors": In(SectorTracks), "collected": In(Collected), "surroundings": In(Surroundings), **outputs})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        short_map, inner_map = self.sectors.by_sl0, self.sectors.inner
        maps = {name: Signal(N_BINS, name=name) for name in ("short", "inner", "forward", "backward")}
        m.d.sync += [
            maps["short"].eq(bins_of(short_map)),
            maps["inner"].eq(bins_of(inner_map)),
            maps["forward"].eq(bins_of(self.sectors.forward)),
            maps["backward"].eq(bins_of(self.sectors.backward)),
        ]
        collected = Signal(Collected)
        around = Signal(Surroundings)
        m.d.sync += [collected.eq(self.collected), around.eq(self.surroundings)]
        starts = self.sectors.by_sl2 & ~turned(self.sectors.by_sl2, 1)
        n_short, n_inner = Signal(6), Signal(7)
        m.d.sync += [n_short.eq(count(starts) + self.sectors.by_sl2.all()), n_inner.eq(count(inner_map))]

        fields: dict[str, Value] = {}
        fields |= self._angles(m, maps, collected, around)
        fields |= self._counts(m, n_short, n_inner, collected, around)
        fields |= self._photons(m, collected, around)
        fields |= self._endcaps(m, maps, around)
        fields |= {
            "short_map": delayed(m, short_map, 2, "short_map"),
            "inner_map": delayed(m, inner_map, 2, "inner_map"),
            "n_short": delayed(m, n_short, 1, "n_short"),
            "n_inner": delayed(m, n_inner, 1, "n_inner"),
            "fwd_s": delayed(m, self.sectors.forward.any(), 2, "fwd_s"),
            "bwd_s": delayed(m, self.sectors.backward.any(), 2, "bwd_s"),
        }
        m.d.sync += [getattr(self, f"grl_{name}").eq(value) for name, value in fields.items()]
        return m

    def _angles(self, m: Module, maps: dict[str, Value], collected: Value, around: Value) -> dict[str, Value]:
        """Opening angles: in one cycle what lies apart, in the next whether anything is there."""
        fields: dict[str, Value] = {}
        full, at_ecl, clusters = collected.full, collected.at_ecl, around.everywhere
        pairs = (
            (full, full, FULL_FULL),
            (maps["short"], full, SHORT_FULL),
            (maps["short"], maps["short"], SHORT_SHORT),
            (maps["inner"], maps["inner"], INNER_INNER),
            (maps["inner"], full, INNER_FULL),
            (clusters, clusters, CLUSTER_CLUSTER),
            (at_ecl, clusters, TRACK_CLUSTER),
        )
        for one, other, names in pairs:
            for name, window in names.items():
                both = Signal(N_BINS, name=f"both_{name}")
                m.d.sync += both.eq(one & apart(other, window.value))
                fields[name] = both.any()
        return fields

    def _counts(self, m: Module, n_short: Value, n_inner: Value, collected: Value, around: Value) -> dict[str, Value]:
        n_bhabha, n_sectors = count(collected.bhabha), count(collected.klm_sectors)
        is_alone, veto = collected.n_3d == 1, around.flags.bhabha_veto
        fields = {
            "ts": one_hot(n_short, 4),
            "ta": one_hot(n_short + collected.n_full, 4),
            "track": (n_short + collected.n_full) > 0,
            "ti": n_inner > 0,
            "cdcecl": one_hot(collected.n_matched, 4),
            "c2gev": one_hot(collected.n_energetic, 4),
            "cdcklm": one_hot(n_sectors, 2),
            "samhem": is_alone & collected.samhem,
            "opohem": is_alone & collected.opohem,
            "trkbha1": veto & (n_bhabha == 1),
            "trkbha2": veto & (n_bhabha > 1),
            "n_full": collected.n_full,
            "track_overflow": around.flags.track_overflow,
        }
        return {name: delayed(m, value, 1, name) for name, value in fields.items()}

    def _photons(self, m: Module, collected: Value, around: Value) -> dict[str, Value]:
        taken = any_of([turned(collected.at_ecl, place) for place in (-1, 0, 1)])
        counted = []
        for place in range(MAX_CLUSTERS):
            one = around.photons[place]
            counted.append(one.always | (one.if_free & ~taken.bit_select(one.azimuth_bin, 1)))
        low = Cat(bit & around.photons[place].low for place, bit in enumerate(counted))
        high = Cat(bit & around.photons[place].high for place, bit in enumerate(counted))
        return {name: one_hot(count(delayed(m, bits, 1, name)), 4) for name, bits in (("n1gev", low), ("n2gev", high))}

    def _endcaps(self, m: Module, maps: dict[str, Value], around: Value) -> dict[str, Value]:
        inner, eklm = maps["inner"], around.eklm
        near = any_of([turned(inner, place) for place in range(-IECL_BINS, IECL_BINS + 1)])
        matched = near & (around.is_forward | around.is_backward)
        pointed = Cat(quadrants_of(maps["forward"]) & eklm.forward, quadrants_of(maps["backward"]) & eklm.backward)
        with_cluster = Cat(
            quadrants_of(around.is_forward_loose) & eklm.forward, quadrants_of(around.is_backward_loose) & eklm.backward
        )
        n_matched, n_pointed = count(delayed(m, matched, 1, "iecl")), count(delayed(m, pointed, 1, "seklm"))
        hit = (maps["forward"] & around.is_forward) | (maps["backward"] & around.is_backward)
        return {
            "secl": delayed(m, hit, 1, "secl").any(),
            "iecl": one_hot(n_matched, 2),
            "seklm_0": n_pointed == 1,
            "seklm_1": n_pointed > 1,
            "ecleklm": delayed(m, with_cluster.any(), 1, "ecleklm"),
            "ieklm": delayed(m, (quadrants_of(inner) & (eklm.forward | eklm.backward)).any(), 1, "ieklm"),
        }
