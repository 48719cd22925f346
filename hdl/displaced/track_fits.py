"""Fit and line of seeds, lane by lane: the segments of windows and seeds in, tracks out."""

from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.displaced.fit import AxialFit, Seed
from hdl.displaced.hits import N_BANKS, Hit, WindowHits
from hdl.displaced.layout import N_LANES, Track, Transverse
from hdl.displaced.stereo import StereoLine
from hdl.displaced.tables import FitMemories
from hdl.displaced.timed import Pipeline, Timed
from hdl.logic import delayed
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.formats import AZIMUTH, CHI2, MISS
from trigger.displaced.grid import SeedGrid
from trigger.displaced.parameters import DisplacedParameters
from trigger.geometry.cdc import N_SUPERLAYERS

LATENCY = 23
"""Cycles from a seed to its track."""
TRANSVERSE_LATENCY = 19
"""Cycles from a seed to its track in the transverse plane."""


def seed_layout(grid: SeedGrid) -> data.StructLayout:
    """A seed: bank of its window, the parity of the window's number; row and azimuth in the grid."""
    return data.StructLayout({"valid": 1, "bank": range(N_BANKS), "row": range(grid.n_rows), "cell": range(grid.n_phi)})


class TrackFit(Elaboratable):
    """One lane: a seed per cycle, its track `LATENCY` cycles later.

    Attributes:
        seed: of `seed_layout`. track: of `Track`; valid: there was a seed. transverse: `TRANSVERSE_LATENCY` cycles after the seed.
    """

    def __init__(self, hits: WindowHits, tables: FitMemories, parameters: DisplacedParameters) -> None:
        self._hits, self._tables, self._parameters = hits, tables, parameters
        self.seed = Signal(seed_layout(parameters.grid))
        self.track = Signal(Track)
        self.transverse = Signal(Transverse)
        self.valid = Signal()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, seed, parameters = Pipeline(m), self.seed, self._parameters
        half_cell = (1 << AZIMUTH.width) // (2 * parameters.grid.n_phi)
        phi = Signal(AZIMUTH.width)
        m.d.comb += phi.eq((2 * seed.cell + 1) * half_cell)
        start = Seed(bank=Timed(seed.bank, 0), row=Timed(seed.row, 0), phi=Timed(phi, 0))
        centre = self._tables.centre.read(m, seed.row)
        axial = AxialFit(m, p, self._hits, self._tables, parameters.fastest_ahead)
        fitted = axial.build(start, centre)
        misses = MISS.quantise([parameters.stereo_three_cm, parameters.stereo_four_cm]).tolist()
        line = StereoLine(m, p, self._hits, self._tables, axial, misses).build(start, centre, fitted)
        valid = delayed(m, seed.valid, LATENCY, "valid")
        good = p.at(fitted.found, LATENCY) & (p.at(fitted.chi2, LATENCY) <= int(CHI2.quantise(parameters.chi2_max_cm2)))
        track = self.track
        m.d.comb += [
            self.valid.eq(valid),
            track.found.eq(valid & good & (line.n_stereo.value != 0)),
            *(
                place[name].eq(p.at(value, cycle))
                for place, cycle in ((track.transverse, LATENCY), (self.transverse, TRANSVERSE_LATENCY))
                for name, value in (("bend", fitted.bend), ("impact", fitted.impact), ("phi", fitted.turn))
            ),
            track.t0.eq(p.at(fitted.t0, LATENCY)),
            track.z0.eq(line.start.value),
            track.slope.eq(line.slope.value),
            track.chi2.eq(p.at(fitted.chi2, LATENCY)),
            track.n_stereo.eq(line.n_stereo.value),
            track.row.eq(p.at(fitted.row, LATENCY)),
        ]
        for k in range(N_AXIAL):
            there, position = fitted.choice[k]
            m.d.comb += [
                track.axial[k].there.eq(p.at(there, LATENCY)),
                track.axial[k].position.eq(p.at(position, LATENCY)),
            ]
        return m


class TrackFits(wiring.Component):
    """Lanes of seeds to lanes of tracks; domain sync at the system clock. An event time from outside is not used.

    Ports:
        in_hits: segments by superlayer, at most one each per cycle, of one window after the other. in_last: the last cycle of a
            window. The first window after reset goes into bank 0, the next one into bank 1, and so on.
        in_seeds: of the lanes; a seed may come from the cycle after its window's last segment on, until five cycles before the
            window after the next one begins.
        out_transverse: by lane, `TRANSVERSE_LATENCY` cycles after a seed.
        out_valid: by lane, `LATENCY` cycles after a seed. out_tracks: `found` is low without a seed, and without a track.
    """

    LATENCY = LATENCY
    TRANSVERSE_LATENCY = TRANSVERSE_LATENCY
    INITIATION_INTERVAL = 1

    def __init__(self, parameters: DisplacedParameters | None = None, n_lanes: int = N_LANES) -> None:
        self.parameters = parameters or DisplacedParameters()
        self._n_lanes = n_lanes
        super().__init__(
            {
                "in_hits": In(data.ArrayLayout(Hit, N_SUPERLAYERS)),
                "in_last": In(1),
                "in_seeds": In(data.ArrayLayout(seed_layout(self.parameters.grid), n_lanes)),
                "out_transverse": Out(data.ArrayLayout(Transverse, n_lanes)),
                "out_valid": Out(n_lanes),
                "out_tracks": Out(data.ArrayLayout(Track, n_lanes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hits, tables = WindowHits(), FitMemories(self.parameters.grid)
        m.d.comb += [hits.in_hits.eq(self.in_hits), hits.in_last.eq(self.in_last)]
        for lane in range(self._n_lanes):
            part = TrackFit(hits, tables, self.parameters)
            m.submodules[f"lane_{lane}"] = part
            m.d.comb += [
                part.seed.eq(self.in_seeds[lane]),
                self.out_valid[lane].eq(part.valid),
                self.out_tracks[lane].eq(part.track),
                self.out_transverse[lane].eq(part.transverse),
            ]
        # After the lanes: a memory has the ports that were asked for when it is elaborated.
        m.submodules.hits, m.submodules.tables = hits, tables
        return m
