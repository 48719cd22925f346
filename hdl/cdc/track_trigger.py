"""The whole track trigger behind the segment finder: frames of track segments in, tracks with z, decisions and counts out."""

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.finder import FIRST_QUADRANT_SECTOR, HoughFinder
from hdl.cdc.hough.frames import Bank, FrameReceiver
from hdl.cdc.hough.layout import CLOCKS_PER_FRAME, CYCLES_PER_CLOCK
from hdl.cdc.neuro.inputs import NeuroInputs
from hdl.cdc.neuro.pipeline import carried
from hdl.cdc.neuro.rows import StereoRows
from hdl.cdc.neuro.segments import AXIAL, STEREO, Segment
from hdl.cdc.neuro.trigger import NeuroTrigger, network_rtl
from hdl.cdc.neuro_path import NeuroPath
from hdl.cdc.own_segments import OwnSegments
from hdl.cdc.sector import PER_SECTOR, Sector, of_superlayer
from hdl.logic import choose, delayed, select
from trigger.cdc import InputWindows, neuro
from trigger.cdc.hough.plane import N_QUADRANTS
from trigger.cdc.hough.windows import N_POSITIONS
from trigger.cdc.track_counts import FitterCuts

_NOT_OF_TRACKS = ("out_valid", "out_has_track", "out_last")


class TrackTrigger(wiring.Component):
    """Tracks and counts of every complete frame, in domain sync at the system clock.

    The tracks of the first data clock, at most six per quadrant, go to the neuro trigger: each quadrant's one by one, every fourth
    cycle. Those of later data clocks are not answered and not counted; `out_overflow` tells that there are any. The event time
    is the fastest priority time of the track's own segments.

    Ports:
        in_valid, in_first: a beat is taken when `in_valid`; with `in_first` it opens a frame and drops an unfinished one. 32 beats
            are a frame; gaps between beats are allowed, beats outside a frame are ignored. Frames must be complete at
            least `INITIATION_INTERVAL` cycles after the one before.
        in_segments: one sector, see `hdl.cdc.sector`.
        out_begins: for one cycle, `LEAD` cycles before the first place of every frame. out_overflow: tracks of the frame are
            missing; from its first place, and one cycle before it, to its last one.
        out_valid: at a place with a track, and at the last one; place n comes `LATENCY` + n cycles after the frame's last beat, and
            holds track n // 4 of quadrant n % 4. The rest means something with it only. out_place: n.
        out_has_track, out_phi, out_omega: azimuth and signed curvature in half cells, 0 without a track.
        out_last: the frame is complete. Others: as from `NeuroPath`.
    """

    INITIATION_INTERVAL = CYCLES_PER_CLOCK * CLOCKS_PER_FRAME
    LEAD = 8

    def __init__(
        self,
        network: neuro.NeuroNetwork,
        *,
        reuse: int,
        finder: HoughFinder | None = None,
        windows: InputWindows | None = None,
        fitter: FitterCuts | None = None,
    ) -> None:
        self._finder = finder or HoughFinder()
        plane = self._plane = self._finder.layout.plane
        first = network_rtl(network, reuse=reuse)
        copies = [first, *(network_rtl(network, reuse=reuse) for _ in range(first.INITIATION_INTERVAL - 1))]
        self._path = path = NeuroPath(NeuroTrigger(NeuroInputs(plane, windows, rows_apart=True), copies), fitter=fitter)
        self.N_PLACES = N_QUADRANTS * plane.tracks_per_clock
        self.LATENCY = self._finder.LATENCY + 1 + OwnSegments.LATENCY + path.LATENCY
        # The second data clock has come before this place.
        self._known = 2 * CYCLES_PER_CLOCK
        of_path = {
            name: Out(member.shape)
            for name, member in path.signature.members.items()
            if name.startswith("out_") and name not in _NOT_OF_TRACKS
        }
        super().__init__(
            {
                "in_valid": In(1),
                "in_first": In(1),
                "in_segments": In(Sector),
                "out_begins": Out(1),
                "out_overflow": Out(1),
                "out_valid": Out(1),
                "out_place": Out(range(self.N_PLACES)),
                "out_has_track": Out(1),
                "out_phi": Out(range(2 * plane.n_phi)),
                "out_omega": Out(range(1 - plane.n_omega, plane.n_omega)),
                **of_path,
                "out_last": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = FrameReceiver()
        m.submodules.finder = finder = self._finder
        m.submodules.path = path = self._path
        m.d.comb += [
            receiver.in_valid.eq(self.in_valid),
            receiver.in_first.eq(self.in_first),
            finder.in_valid.eq(self.in_valid),
            finder.in_first.eq(self.in_first),
            finder.in_segments.eq(self._hits()),
            path.in_valid.eq(1),
        ]
        self._keep_stereo(m, receiver)
        self._send_places(m, receiver)
        for name in path.signature.members:
            if name in self.signature.members and name.startswith("out_"):
                m.d.comb += getattr(self, name).eq(getattr(path, name))
        return m

    def _hits(self) -> Value:
        """The beat as the finder takes it: of each axial segment the position of its priority wire, if any."""
        codes = range(1, N_POSITIONS + 1)
        hits = []
        for superlayer in AXIAL:
            segments = data.View(data.ArrayLayout(Segment, PER_SECTOR[superlayer]), of_superlayer(self.in_segments, superlayer))
            hits += [segments[k].priority == code for k in range(PER_SECTOR[superlayer]) for code in codes]
        return Cat(hits)

    def _keep_stereo(self, m: Module, receiver: FrameReceiver) -> None:
        """Stereo segments to the input stage, row by row."""
        path = self._path
        row_bits = len(path.in_row) // len(STEREO)
        for k, superlayer in enumerate(STEREO):
            m.submodules[f"rows_{k}"] = rows = StereoRows(PER_SECTOR[superlayer])
            m.d.comb += [
                rows.taken.eq(receiver.taken),
                rows.sector.eq(receiver.address.sector),
                rows.segments.as_value().eq(of_superlayer(self.in_segments, superlayer)),
                path.in_has_row[k].eq(rows.has_row),
                path.in_row.word_select(k, row_bits).eq(rows.number),
                path.in_segments[k].eq(rows.row),
            ]
        m.d.comb += path.in_row_frame.eq(carried(m, receiver.address.bank, StereoRows.LATENCY, "row_frame"))

    def _send_places(self, m: Module, receiver: FrameReceiver) -> None:
        """The tracks of the first data clock to the neuro trigger, and what is known of them to the outputs beside its answers."""
        finder, path, plane = self._finder, self._path, self._plane
        place, running, has_track, track, frame = self._waiting(m)
        quadrant = place[: Shape.cast(range(N_QUADRANTS)).width]
        per_quadrant, turn = plane.n_phi // N_QUADRANTS * 2, 2 * plane.n_phi
        first = FIRST_QUADRANT_SECTOR * finder.layout.half_cells
        starts = choose([(first + q * per_quadrant) % turn for q in range(N_QUADRANTS)], quadrant)
        beyond, phi, omega = Signal(range(2 * turn)), Signal(range(turn)), Signal(self.out_omega.shape())
        m.d.comb += [
            beyond.eq(starts + track.phi),
            phi.eq(Mux(beyond >= turn, beyond - turn, beyond)),
            omega.eq(track.omega),
            path.in_has_track.eq(delayed(m, has_track, OwnSegments.LATENCY, "has_track")),
            path.in_track_frame.eq(carried(m, frame, OwnSegments.LATENCY, "track_frame")),
            path.in_phi.eq(carried(m, phi, OwnSegments.LATENCY, "phi")),
            path.in_omega.eq(carried(m, omega, OwnSegments.LATENCY, "omega")),
            path.in_last.eq(delayed(m, running & (place == self.N_PLACES - 1), OwnSegments.LATENCY, "last")),
        ]
        for k, superlayer in enumerate(AXIAL):
            m.submodules[f"own_{k}"] = own = OwnSegments(superlayer)
            m.d.comb += [
                own.taken.eq(receiver.taken),
                own.address.eq(receiver.address),
                own.segments.as_value().eq(of_superlayer(self.in_segments, superlayer)),
                own.frame.eq(frame),
                own.found.eq(track.found[k]),
                own.number.eq(track.number[k]),
                path.in_own[k].eq(own.own),
            ]
        there, wait = path.out_has_track, OwnSegments.LATENCY + path.LATENCY
        m.d.comb += [
            self.out_place.eq(carried(m, place, wait, "out_place")),
            self.out_phi.eq(Mux(there, carried(m, phi, wait, "out_phi"), 0)),
            self.out_omega.eq(Mux(there, carried(m, omega, wait, "out_omega"), 0)),
        ]

    def _waiting(self, m: Module) -> tuple[Signal, Signal, Value, data.View, Signal]:
        """(place, whether there is one, whether it has a track, the track, its frame), from behind the first data clock on."""
        finder, n_slots = self._finder, self._plane.tracks_per_clock
        layout = data.StructLayout(
            {
                "phi": len(finder.out_phi) // self.N_PLACES,
                "omega": signed(len(finder.out_omega) // self.N_PLACES),
                "found": len(AXIAL),
                "number": data.ArrayLayout(len(finder.out_number) // (self.N_PLACES * len(AXIAL)), len(AXIAL)),
            }
        )
        ports = (finder.out_phi, finder.out_omega, finder.out_found, finder.out_number)
        sent = [Cat(port.word_select(k, len(port) // self.N_PLACES) for port in ports) for k in range(self.N_PLACES)]
        place, running, frame, following = Signal(range(self.N_PLACES)), Signal(), Signal(Bank), Signal(Bank)
        begins, lost, overflow = Signal(), Signal(), Signal()
        quadrant = place[: Shape.cast(range(N_QUADRANTS)).width]
        held = [Signal(n_slots * layout.size, name=f"held_{q}") for q in range(N_QUADRANTS)]
        counts = Signal(finder.out_counts.shape())
        m.d.comb += begins.eq(finder.out_valid & (finder.out_clock == 0))
        with m.If(begins):
            m.d.sync += [counts.eq(finder.out_counts), place.eq(0), running.eq(1), frame.eq(following), following.eq(following + 1)]
            m.d.sync += [one.eq(Cat(sent[q * n_slots : (q + 1) * n_slots])) for q, one in enumerate(held)]
        with m.Elif(running):
            m.d.sync += [place.eq(place + 1), running.eq(place != self.N_PLACES - 1)]
            with m.If(quadrant == N_QUADRANTS - 1):
                m.d.sync += [one.eq(one[layout.size :]) for one in held]
        with m.If(finder.out_valid):
            m.d.sync += lost.eq(Mux(begins, finder.out_overflow, 1))
        with m.If(running & (place == self._known)):
            m.d.sync += overflow.eq(lost)
        m.d.comb += [
            self.out_overflow.eq(overflow),
            self.out_begins.eq(delayed(m, begins, self.LATENCY - finder.LATENCY - self.LEAD, "begins")),
        ]
        track = data.View(layout, select([one[: layout.size] for one in held], quadrant))
        has_track = running & (place[len(quadrant) :] < select([counts[q] for q in range(N_QUADRANTS)], quadrant))
        return place, running, has_track, track, frame
