"""The full tracks and clusters of an event together: maps, counts and matches, complete with its last beat."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.grl.beats import N_LANES, Flags
from hdl.grl.clusters import KnownCluster
from hdl.grl.rings import any_of, count
from hdl.grl.track_lane import TrackMatch
from trigger.ecl.thresholds import MAX_CLUSTERS
from trigger.grl.parameters import EKLM_FORWARD_QUADRANT, MAX_TRACKS, N_BINS, N_SECTORS, GrlParameters
from trigger.grl.tables import N_KLM_SECTORS, energy_counts
from trigger.klm import FIRST_SECTOR, SECTORS
from trigger.klm import N_SECTORS as N_ALL_KLM

N_QUADRANTS = len(EKLM_FORWARD_QUADRANT)
Collected = data.StructLayout(
    {
        "full": N_BINS,
        "at_ecl": N_BINS,
        "klm_sectors": N_KLM_SECTORS,
        "bhabha": MAX_CLUSTERS,
        "samhem": 1,
        "opohem": 1,
        "n_full": range(MAX_TRACKS + 1),
        "n_3d": range(MAX_TRACKS + 1),
        "n_matched": range(MAX_TRACKS + 1),
        "n_energetic": range(MAX_TRACKS + 1),
    }
)
"""Sums over the tracks of an event."""
Photon = data.StructLayout({"azimuth_bin": range(N_BINS), "always": 1, "if_free": 1, "low": 1, "high": 1})
"""A cluster that counts as photon always, or if no track is near; above the energies of n1gev and n2gev."""
EndcapKlm = data.StructLayout({"forward": N_QUADRANTS, "backward": N_QUADRANTS})
Surroundings = data.StructLayout(
    {
        "everywhere": N_BINS,
        "is_forward": N_BINS,
        "is_backward": N_BINS,
        "is_forward_loose": N_BINS,
        "is_backward_loose": N_BINS,
        "photons": data.ArrayLayout(Photon, MAX_CLUSTERS),
        "eklm": EndcapKlm,
        "flags": Flags,
    }
)
"""What the event has besides tracks: bins of clusters by the flag of their cells, photons, quadrants of the endcap KLM."""
_COUNTS = {"n_full": "is_full", "n_3d": "is_3d", "n_matched": "matched", "n_energetic": "energetic"}


class Collector(wiring.Component):
    """Sums over the beats of an event, beat 0 first.

    `veto_now` has those of this beat in it already; `collected` and `surroundings` are those of the last complete event, from the
    cycle after its `last` beat.
    """

    LATENCY = 1

    def __init__(self, parameters: GrlParameters) -> None:
        self._parameters = parameters
        super().__init__(
            {
                "taken": In(1),
                "first": In(1),
                "last": In(1),
                "matches": In(data.ArrayLayout(TrackMatch, N_LANES)),
                "clusters": In(data.ArrayLayout(KnownCluster, MAX_CLUSTERS)),
                "klm": In(N_ALL_KLM),
                "flags": In(Flags),
                "veto_now": Out(N_SECTORS),
                "collected": Out(Collected),
                "surroundings": Out(Surroundings),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sums, veto, now = Signal(Collected), Signal(N_SECTORS), Signal(Collected)
        before = data.View(Collected, Mux(self.first, 0, sums.as_value()))
        lanes = [self.matches[lane] for lane in range(N_LANES)]
        for name in ("full", "at_ecl", "klm_sectors", "bhabha", "samhem", "opohem"):
            m.d.comb += now[name].eq(before[name] | any_of([lane[name] for lane in lanes]))
        for name, flag in _COUNTS.items():
            m.d.comb += now[name].eq(before[name] + count(Cat(lane[flag] for lane in lanes)))
        m.d.comb += self.veto_now.eq(Mux(self.first, 0, veto) | any_of([lane.veto for lane in lanes]))
        with m.If(self.taken):
            m.d.sync += [sums.eq(now), veto.eq(self.veto_now)]
        with m.If(self.taken & self.last):
            m.d.sync += [self.collected.eq(now), self.surroundings.eq(self._surroundings(m))]
        return m

    def _surroundings(self, m: Module) -> data.View:
        now = Signal(Surroundings)
        m.d.comb += now.everywhere.eq(any_of(self._bins(None)))
        for name in ("is_forward", "is_backward", "is_forward_loose", "is_backward_loose"):
            m.d.comb += now[name].eq(any_of(self._bins(name)))
        _, photon, low, high = energy_counts(self._parameters)
        for place in range(MAX_CLUSTERS):
            cluster, target = self.clusters[place], now.photons[place]
            m.d.comb += [
                target.azimuth_bin.eq(cluster.cell.azimuth_bin),
                target.always.eq(cluster.valid & ~cluster.cell.is_barrel),
                target.if_free.eq(cluster.valid & (cluster.adc >= photon)),
                target.low.eq(cluster.adc >= low),
                target.high.eq(cluster.adc >= high),
            ]
        sections = [self.klm[first : first + number] for first, number in zip(FIRST_SECTOR, SECTORS, strict=True)]
        for sector, quadrant in enumerate(EKLM_FORWARD_QUADRANT):
            m.d.comb += now.eklm.forward[quadrant].eq(sections[3][sector])
        m.d.comb += [now.eklm.backward.eq(sections[2]), now.flags.eq(self.flags)]
        return now

    def _bins(self, flag: str | None) -> list[Value]:
        """Bin of each cluster, of those whose cell has the flag."""
        maps: list[Value] = []
        for place in range(MAX_CLUSTERS):
            cluster = self.clusters[place]
            counts = cluster.valid if flag is None else cluster.valid & cluster.cell[flag]
            maps.append(Mux(counts, 1 << cluster.cell.azimuth_bin, 0))
        return maps
