"""The seed search: segments of a window in, seeds in lanes out, two sectors of the chamber in every cycle."""

from amaranth.hdl import Cat, Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.displaced.seed_lane import SeedLane
from hdl.displaced.seed_layout import CELLS_OF_PATCH, Segments, places, seed_layout
from hdl.displaced.seed_peaks import SeedPeaks
from hdl.displaced.seed_votes import SeedVotes
from trigger.displaced.grid import N_LANES
from trigger.displaced.parameters import DisplacedParameters
from trigger.displaced.seeds import COLUMNS


class Seeds(wiring.Component):
    """Seeds of windows that follow each other without a gap; domain sync at the system clock.

    Ports:
        in_segments: of each axial superlayer at most one per cycle. in_last: the last cycle of a window, at least
            `INITIATION_INTERVAL` cycles after the one before.
        out_seeds: lane after lane, the seed in lane 0 counts as the earlier; the slots of a window are consecutive cycles.
        out_last: the last slot, `LATENCY` cycles after in_last. out_overflow: with it, whether seeds of the window were lost.
    """

    def __init__(self, parameters: DisplacedParameters | None = None) -> None:
        self.parameters = parameters or DisplacedParameters()
        self.LATENCY = SeedVotes.LATENCY + SeedPeaks.LATENCY + SeedLane.LATENCY + self.parameters.seed_slots + 1
        self.INITIATION_INTERVAL = self.parameters.seed_slots
        super().__init__(
            {
                "in_segments": In(Segments),
                "in_last": In(1),
                "out_seeds": Out(data.ArrayLayout(seed_layout(self.parameters.grid), N_LANES)),
                "out_last": Out(1),
                "out_overflow": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        grid = self.parameters.grid
        m.submodules.votes = votes = SeedVotes(grid)
        m.submodules.peaks = peaks = SeedPeaks(grid)
        lanes = [SeedLane(self.parameters, lane) for lane in range(N_LANES)]
        n_places = places(grid)[0] * places(grid)[1]
        m.d.comb += [
            votes.in_segments.eq(self.in_segments),
            votes.in_last.eq(self.in_last),
            peaks.in_valid.eq(votes.out_valid),
            peaks.in_step.eq(votes.out_step),
            peaks.in_bank.eq(votes.out_bank),
            peaks.in_fired.eq(votes.out_fired),
            self.out_last.eq(lanes[0].out_last),
            self.out_overflow.eq(Cat(lane.out_overflow for lane in lanes).any()),
        ]
        for k, lane in enumerate(lanes):
            m.submodules[f"lane_{k}"] = lane
            size = n_places * CELLS_OF_PATCH
            m.d.comb += [
                lane.in_valid.eq(peaks.out_valid),
                lane.in_step.eq(peaks.out_step),
                lane.in_bank.eq(peaks.out_bank),
                lane.in_peaks.eq(Cat(peaks.out_peaks.word_select(c * N_LANES + k, n_places) for c in range(COLUMNS))),
                lane.cells_valid.eq(votes.out_valid),
                lane.cells_step.eq(votes.out_step),
                lane.cells_bank.eq(votes.out_bank),
                lane.cells.eq(Cat(votes.out_fired.word_select(c * N_LANES + k, size) for c in range(COLUMNS))),
                self.out_seeds[k].eq(lane.out_seed),
            ]
        return m
