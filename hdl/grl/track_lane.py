"""One full track per cycle: where it starts, where it meets ECL and KLM, which clusters and sectors it matches."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.grl.beats import Track
from hdl.grl.clusters import KnownCluster
from hdl.grl.rings import quotient, turned
from hdl.grl.tables import VETO_FIRST, Azimuth, Bend, azimuth_words, bend_words
from hdl.logic import delayed
from trigger.ecl.thresholds import MAX_CLUSTERS
from trigger.grl.parameters import N_BINS, N_SECTORS, GrlParameters
from trigger.grl.tables import (
    N_KLM_SECTORS,
    N_PHI,
    STEPS_PER_BIN,
    STEPS_PER_HALF_CELL,
    STEPS_PER_KLM_SECTOR,
    TURN,
    energy_counts,
    klm_steps,
)

TrackMatch = data.StructLayout(
    {
        "is_full": 1,
        "full": N_BINS,
        "veto": N_SECTORS,
        "at_ecl": N_BINS,
        "matched": 1,
        "energetic": 1,
        "klm_sectors": N_KLM_SECTORS,
        "is_3d": 1,
        "samhem": 1,
        "opohem": 1,
        "bhabha": MAX_CLUSTERS,
    }
)
"""What a track adds to its event: maps of bins and sectors, one bit per match; all 0 without a track."""


def in_arc(half_cell: Value, first: Value, number: Value) -> Value:
    """The half cell is one of `number` from `first` on."""
    difference = half_cell - first
    return Mux(difference < 0, difference + N_PHI, difference) < number


class TrackLane(wiring.Component):
    """What the track that came `LATENCY` cycles before matches; its clusters and KLM must be there in the cycle before."""

    LATENCY = 5

    def __init__(self, parameters: GrlParameters) -> None:
        self._parameters = parameters
        super().__init__(
            {
                "track": In(Track),
                "clusters": In(data.ArrayLayout(KnownCluster, MAX_CLUSTERS)),
                "bklm": In(N_KLM_SECTORS),
                "match": Out(TrackMatch),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        azimuths, bends = azimuth_words(), bend_words(self._parameters)
        m.submodules.azimuths = azimuth_table = Memory(shape=Azimuth.size, depth=len(azimuths), init=azimuths)
        m.submodules.bends = bend_table = Memory(shape=Bend.size, depth=len(bends), init=bends)
        azimuth_port, bend_port = azimuth_table.read_port(), bend_table.read_port()
        m.d.comb += [azimuth_port.addr.eq(self.track.phi), bend_port.addr.eq(self.track.omega.as_unsigned())]
        early, bent = data.View(Azimuth, azimuth_port.data), data.View(Bend, bend_port.data)
        ecl = self._position(m, early.half_cell, bent.ecl_bend, "ecl")
        klm = self._position(m, early.half_cell, bent.klm_bend, "klm")

        track = data.View(Track, delayed(m, self.track, self.LATENCY - 1, "track"))
        azimuth = data.View(Azimuth, delayed(m, azimuth_port.data, self.LATENCY - 2, "azimuth"))
        bend = data.View(Bend, delayed(m, bend_port.data, self.LATENCY - 2, "bend"))
        ecl_bin, sector, past = Signal(range(N_BINS)), Signal(range(N_KLM_SECTORS)), Signal(range(STEPS_PER_KLM_SECTOR))
        number = quotient(klm, STEPS_PER_KLM_SECTOR)
        m.d.sync += [
            ecl_bin.eq(quotient(ecl, STEPS_PER_BIN)),
            sector.eq(number),
            past.eq(klm - number * STEPS_PER_KLM_SECTOR),
        ]

        veto = Signal(N_SECTORS)
        m.d.comb += veto.eq(bend.veto)
        matched, energetic = self._matched(ecl_bin)
        near, same_side, far = self._arcs(azimuth.half_cell, track.theta)
        match = Signal(TrackMatch)
        m.d.comb += [
            match.is_full.eq(1),
            match.full.eq(1 << azimuth.azimuth_bin),
            match.veto.eq(_turned_by(m, turned(veto, VETO_FIRST), azimuth.sector)),
            match.at_ecl.eq(Mux(bend.ecl_reached, 1 << ecl_bin, 0)),
            match.matched.eq(bend.ecl_reached & matched),
            match.energetic.eq(bend.ecl_reached & energetic),
            match.klm_sectors.eq(Mux(bend.klm_reached, self._klm_sector(sector, past), 0)),
            match.is_3d.eq(track.is_3d),
            match.samhem.eq(track.is_3d & same_side),
            match.opohem.eq(track.is_3d & far),
            match.bhabha.eq(Mux(track.is_3d & bend.is_hard, near, 0)),
        ]
        m.d.sync += self.match.eq(Mux(track.valid, match.as_value(), 0))
        return m

    def _position(self, m: Module, half_cell: Value, bend: Value, name: str) -> Signal:
        """Azimuth 0 .. TURN - 1 after the bend, two cycles later."""
        raw = Signal(signed((2 * TURN).bit_length() + 1), name=f"{name}_raw")
        position = Signal(range(TURN), name=f"{name}_position")
        m.d.sync += [
            raw.eq(half_cell * STEPS_PER_HALF_CELL - bend),
            position.eq(Mux(raw < 0, raw + TURN, Mux(raw >= TURN, raw - TURN, raw))),
        ]
        return position

    def _matched(self, ecl_bin: Value) -> tuple[Value, Value]:
        """(a barrel cluster is near enough, the nearest one has the energy); of equal ones the first."""
        enough = energy_counts(self._parameters)[0]
        found, energetic = [], []
        for distance in range(self._parameters.match_below_bins):
            for place in range(MAX_CLUSTERS):
                cluster = self.clusters[place]
                at = cluster.cell.azimuth_bin
                up, down = at + distance, at - distance
                bins = [Mux(up >= N_BINS, up - N_BINS, up), Mux(down < 0, down + N_BINS, down)] if distance else [at]
                found.append(cluster.valid & cluster.cell.is_barrel & Cat(ecl_bin == one for one in bins).any())
                energetic.append(cluster.adc >= enough)
        chosen: Value = energetic[-1]
        for hit, answer in zip(reversed(found[:-1]), reversed(energetic[:-1]), strict=True):
            chosen = Mux(hit, answer, chosen)
        any_found = Cat(found).any()
        return any_found, any_found & chosen

    def _arcs(self, half_cell: Value, theta: Value) -> tuple[Value, Value, Value]:
        """(clusters with energy and azimuth of a Bhabha cluster; any on the track's side, not its own; any on the other side)."""
        near, same_side, far = [], [], []
        for place in range(MAX_CLUSTERS):
            cluster, cell = self.clusters[place], self.clusters[place].cell
            is_near = in_arc(half_cell, cell.near_first, cell.near_count)
            at_bhabha = in_arc(half_cell, cell.bhabha_first, cell.bhabha_count)
            near.append(cluster.valid & at_bhabha & (cluster.adc >= cell.bhabha_adc))
            same_side.append(cluster.valid & is_near & ((theta <= cell.theta_last) | (theta >= cell.theta_first)))
            far.append(cluster.valid & ~is_near)
        return Cat(near), Cat(same_side).any(), Cat(far).any()

    def _klm_sector(self, sector: Value, past: Value) -> Value:
        """The matched sector as one bit, from the sector whose centre was passed and the steps since then.

        Half way between two sectors the lower number wins, which is the next one after the last sector.
        """
        limit, half = klm_steps(self._parameters), STEPS_PER_KLM_SECTOR // 2
        following = (sector + 1)[: (N_KLM_SECTORS - 1).bit_length()]
        here = self.bklm.bit_select(sector, 1) & (past < limit)
        there = self.bklm.bit_select(following, 1) & (STEPS_PER_KLM_SECTOR - past < limit)
        there_first = (past > half) | ((past == half) & (sector == N_KLM_SECTORS - 1))
        take_there = there & (there_first | ~here)
        return Mux(take_there, 1 << following, Mux(here, 1 << sector, 0))


def _turned_by(m: Module, ring: Value, places: Value) -> Value:
    """Bit i at place i + places, as a choice per bit of `places`, each a signal: two parts of it are read next."""
    for bit in range(len(places)):
        chosen = Signal.like(ring, name=f"turned_{bit}")
        m.d.comb += chosen.eq(Mux(places[bit], turned(ring, 1 << bit), ring))
        ring = chosen
    return ring
