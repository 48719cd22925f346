"""The 2D track finder of all four quadrants: frames of axial track segments in, tracks in their data clocks out."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Shape, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.association import Association
from hdl.cdc.hough.centre import Centre
from hdl.cdc.hough.frames import FrameReceiver, Sweep
from hdl.cdc.hough.layout import CLOCKS_PER_FRAME, CYCLES_PER_CLOCK, SECTORS_PER_GROUP, Layout
from hdl.cdc.hough.sender import Sender, track_layout
from hdl.cdc.hough.squares import N_GROUPS, Squares
from hdl.cdc.hough.track_queue import TrackQueue
from hdl.cdc.hough.votes import Votes
from hdl.logic import delayed
from trigger.cdc.hough.plane import N_QUADRANTS, HoughPlane
from trigger.geometry.cdc import N_SECTORS

N_LANES = 4
"""Tracks per cycle. Our choice: the tracks of all quadrants together at two thirds of what the links carry."""
DRAIN_CYCLES = 23
"""Cycles that tracks may wait after the sweep. Our choice: random segments at the worst filling, 30 %, need up to 15 of them in
1500 frames [DERIVED]."""
FIRST_QUADRANT_SECTOR = N_SECTORS // 2 + N_SECTORS // (2 * N_QUADRANTS)
"""Sector of the plane in which quadrant 0 begins: 45 degree, with the plane's first sector at -180."""


class HoughFinder(wiring.Component):
    """Tracks of every complete frame, in domain sync at the system clock.

    Ports:
        in_valid, in_first: a beat is taken when `in_valid`; with `in_first` it opens a frame and drops an unfinished one. 32 beats
            are a frame; gaps between beats are allowed, beats outside a frame are ignored. Frames must be complete at
            least `INITIATION_INTERVAL` cycles after the one before.
        in_segments: one sector, see `hdl.cdc.hough.layout`.
        out_valid: data clock 0 of every frame, `LATENCY` cycles after its last beat, and each further one with a track, four
            cycles after the one before.
        out_clock: data clock. out_overflow: tracks of the frame are missing, because there were more than it has time for.
        out_counts: tracks of each quadrant in this data clock.
        out_phi, out_omega, out_found, out_number: fields of the tracks, quadrant after quadrant, slot after slot, of found and
            number also superlayer after superlayer; number counts the segments of the superlayer. 0 where there is no track.
    """

    INITIATION_INTERVAL = CYCLES_PER_CLOCK * CLOCKS_PER_FRAME

    def __init__(self, plane: HoughPlane | None = None, *, n_lanes: int = N_LANES, drain_cycles: int = DRAIN_CYCLES) -> None:
        self.layout = layout = Layout(plane or HoughPlane())
        self._n_lanes = n_lanes
        sweep_cycles = SECTORS_PER_GROUP * (N_GROUPS - 1) + TrackQueue.LATENCY
        longest = self.INITIATION_INTERVAL - sweep_cycles - TrackQueue.CLOSING - 1
        if not 0 <= drain_cycles <= longest:
            msg = f"drain_cycles must be 0..{longest}, so that a frame ends before the next one, not {drain_cycles}"
            raise ValueError(msg)
        if not 1 <= n_lanes <= layout.plane.tracks_per_clock:
            msg = f"n_lanes must be 1 to the {layout.plane.tracks_per_clock} tracks per data clock, not {n_lanes}"
            raise ValueError(msg)
        self._first_group = Sweep.latency(layout) + Votes.LATENCY + Squares.LATENCY
        self._flush = self._first_group + sweep_cycles + drain_cycles
        self._track_latency = Centre.LATENCY + Association.LATENCY
        self._send = self._flush + TrackQueue.CLOSING + self._track_latency
        self.LATENCY = self._send + Sender.LATENCY
        n_tracks, n_superlayers = N_QUADRANTS * layout.plane.tracks_per_clock, len(layout.per_sector)
        self._track = track_layout(layout)
        self._number_bits = Shape.cast(range(N_SECTORS * max(layout.per_sector))).width
        super().__init__(
            {
                "in_valid": In(1),
                "in_first": In(1),
                "in_segments": In(layout.sector_bits),
                "out_valid": Out(1),
                "out_clock": Out(range(CLOCKS_PER_FRAME)),
                "out_overflow": Out(1),
                "out_counts": Out(data.ArrayLayout(range(layout.plane.tracks_per_clock + 1), N_QUADRANTS)),
                "out_phi": Out(n_tracks * self._track["phi"].width),
                "out_omega": Out(n_tracks * self._track["omega"].width),
                "out_found": Out(n_tracks * n_superlayers),
                "out_number": Out(n_tracks * n_superlayers * self._number_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout, n_lanes = self.layout, self._n_lanes
        m.submodules.receiver = receiver = FrameReceiver()
        m.submodules.sweep = sweep = Sweep(layout)
        m.submodules.votes = votes = Votes(layout)
        m.submodules.squares = squares = Squares(layout)
        m.submodules.queue = queue = TrackQueue(layout, n_lanes)
        m.submodules.sender = sender = Sender(layout, n_lanes)
        associations = [Association(layout, k, n_lanes) for k in range(len(layout.per_sector))]
        for k, association in enumerate(associations):
            m.submodules[f"association_{k}"] = association
        kept: list[Sweep | Association] = [sweep, *associations]
        for part in kept:
            m.d.comb += [part.taken.eq(receiver.taken), part.address.eq(receiver.address), part.beat.eq(self.in_segments)]
        start = receiver.complete
        m.d.comb += [
            receiver.in_valid.eq(self.in_valid),
            receiver.in_first.eq(self.in_first),
            sweep.start.eq(start),
            sweep.start_bank.eq(receiver.address.bank),
            votes.hits.eq(sweep.hits),
            squares.valid.eq(delayed(m, sweep.valid, Votes.LATENCY, "valid")),
            squares.bank.eq(delayed(m, sweep.bank, Votes.LATENCY, "bank")),
            squares.candidates.eq(votes.candidates),
            queue.done.eq(squares.done & squares.group.starts.any()),
            queue.group.eq(squares.group),
            queue.flush.eq(delayed(m, start, self._flush, "flush")),
            sender.begin.eq(delayed(m, start, self._first_group + self._track_latency, "begin")),
            sender.valid.eq(delayed(m, queue.valid, self._track_latency, "track")),
            sender.send.eq(delayed(m, start, self._send, "send")),
            sender.overflow.eq(delayed(m, queue.flushed, self._send - self._flush, "overflow")),
        ]
        for lane in range(n_lanes):
            m.submodules[f"centre_{lane}"] = centre = Centre(layout)
            m.d.comb += [centre.start.eq(queue.starts[lane]), centre.columns.eq(queue.columns)]
            m.d.comb += [association.centres[lane].eq(centre.centre) for association in associations]
            self._connect_track(m, lane, centre.centre, associations, sender)
        self._connect_outputs(m, sender)
        return m

    def _connect_track(self, m: Module, lane: int, centre: data.View, associations: Sequence[Association], sender: Sender) -> None:
        """The track of a lane, once its segments are known."""
        layout = self.layout
        late = {name: delayed(m, centre[name], Association.LATENCY, f"{name}_{lane}") for name in ("sector", "half_cell", "y2")}
        from_first = Signal(range(N_SECTORS), name=f"from_first_{lane}")
        n_sectors = N_SECTORS // N_QUADRANTS
        track = sender.tracks[lane]
        m.d.comb += [
            from_first.eq(late["sector"] - FIRST_QUADRANT_SECTOR),
            sender.quadrants[lane].eq(from_first // n_sectors),
            track.phi.eq((from_first % n_sectors) * layout.half_cells + late["half_cell"]),
            track.omega.eq(late["y2"] - (layout.plane.n_omega - 1)),
            *(track[f"segment_{k}"].eq(one.segments[lane]) for k, one in enumerate(associations)),
        ]

    def _connect_outputs(self, m: Module, sender: Sender) -> None:
        tracks = [track for quadrant in sender.out_tracks for track in quadrant]
        segments = [track[f"segment_{k}"] for track in tracks for k in range(len(self.layout.per_sector))]
        m.d.comb += [
            self.out_valid.eq(sender.out_valid),
            self.out_clock.eq(sender.out_clock),
            self.out_overflow.eq(sender.out_overflow),
            self.out_counts.eq(sender.out_counts),
            self.out_phi.eq(Cat(track.phi for track in tracks)),
            self.out_omega.eq(Cat(track.omega for track in tracks)),
            self.out_found.eq(Cat(segment.found for segment in segments)),
        ]
        for k, segment in enumerate(segments):
            m.d.comb += self.out_number.word_select(k, self._number_bits).eq(segment.number)
