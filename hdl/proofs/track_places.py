"""Claims about the tracks inside a frame: each one of the finder's first data clock gets one answer, at its place.

One place, which may be any, is followed from the finder to the output. 2D finder and neuro trigger are cut and their claims
assumed (`tracks.hough_pipeline`, `tracks.neuro_order`); what they find and answer is any.
"""

from collections.abc import Callable
from functools import partial

from amaranth.asserts import AnyConst
from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, Shape, Signal, Value

from hdl.cdc.hough.finder import FIRST_QUADRANT_SECTOR, HoughFinder
from hdl.cdc.neuro.pipeline import carried
from hdl.cdc.neuro.segments import AXIAL
from hdl.cdc.neuro.trigger import NeuroTrigger
from hdl.cdc.neuro_path import NEURO_FIELDS
from hdl.cdc.own_segments import OwnSegments
from hdl.cdc.sector import PER_SECTOR
from hdl.cdc.single_track import SingleTrackTrigger
from hdl.cdc.track_counts import FitterCount
from hdl.cdc.track_trigger import TrackTrigger
from hdl.proofs.bench import Bench, Claim, past
from hdl.proofs.chain_pipelines import delays, track_trigger
from hdl.proofs.pipeline import Flight, driven, last_beats
from hdl.proofs.proof import Proof
from hdl.proofs.track_pipelines import RECEIVER
from trigger.cdc.hough.plane import N_QUADRANTS
from trigger.geometry.cdc import N_SECTORS

FIRST_PLACE = 127
"""Cycle in which the first place of an event waits that begins with the first cycle: 32 beats, and what the finder takes."""
Home = Callable[[int, int], tuple[int, int]]
"""(quadrant, track of it) that a place holds; of a place and the tracks per quadrant."""


def in_turn(place: int, n_tracks: int) -> tuple[int, int]:
    """The quadrants send a track each, in turn."""
    return place % N_QUADRANTS, place // N_QUADRANTS


def one_after_the_other(place: int, n_tracks: int) -> tuple[int, int]:
    """A false order: each quadrant sends all its tracks."""
    return divmod(place, n_tracks)


class Followed:
    """The track of one place of a frame, from the beginning of the frame's places to its answer.

    number: of the place, any. there, azimuth, omega, fields: of its track. age: cycles since the finder's answer, since: since the
    place was there; 0 for none.
    """

    def __init__(self, m: Module, dut: TrackTrigger, begins: Value, home: Home) -> None:
        finder, plane, n_places = dut._finder, dut._plane, dut.N_PLACES
        self.n_tracks, self._m = plane.tracks_per_clock, m
        self.homes = [home(place, self.n_tracks) for place in range(n_places)]
        self.number = Signal(range(n_places), name="own_number")
        self.age = Signal(range(dut.INITIATION_INTERVAL), name="own_age")
        counts = finder.out_counts
        m.d.comb += [self.number.eq(AnyConst(len(self.number))), Assume(self.number < n_places)]
        self.since, self._is_now = Signal.like(self.age, name="own_since"), self.age == self.number + 1
        m.d.sync += [
            self.age.eq(Mux(begins, 1, Mux(self.age == 0, 0, self.age + 1))),
            self.since.eq(Mux(self._is_now, 1, Mux((self.since == 0) | self.age.all(), 0, self.since + 1))),
        ]
        m.d.comb += Assert(self.since == Mux(self.age > self.number, self.age - self.number - 1, 0))
        there = Cat(counts[quadrant] > track for quadrant, track in self.homes)
        now = {"there": there.bit_select(self.number, 1)}
        now |= {name: self._of_number(getattr(finder, f"out_{name}")) for name in ("phi", "omega", "found", "number")}
        self.fields = {name: Signal(len(value), name=f"own_{name}") for name, value in now.items()}
        with m.If(begins):
            m.d.sync += [self.fields[name].eq(value) for name, value in now.items()]
        turn = 2 * plane.n_phi
        starts = [FIRST_QUADRANT_SECTOR * finder.layout.half_cells + q * turn // N_QUADRANTS for q in range(N_QUADRANTS)]
        start = sum((Mux(self.is_place(k), starts[q] % turn, 0) for k, (q, _) in enumerate(self.homes)), start=Const(0, 1))
        beyond = start + self.fields["phi"]
        self.azimuth = Mux(beyond >= turn, beyond - turn, beyond)
        self.there = self.fields["there"]
        self.omega = self.fields["omega"].as_signed()

    def _of_number(self, port: Value) -> Value:
        """The part of a port of the finder that is the place's: quadrant after quadrant, track after track."""
        width = len(port) // len(self.homes)
        parts = [port.word_select(quadrant * self.n_tracks + track, width) for quadrant, track in self.homes]
        value = Signal(width)
        with self._m.Switch(self.number):
            for place, part in enumerate(parts):
                with self._m.Case(place):
                    self._m.d.comb += value.eq(part)
        return value

    def is_place(self, place: int) -> Value:
        """Whether this place is followed."""
        return self.number == place

    def due(self, cycles: int) -> Value:
        """Whether the place was there so many cycles ago."""
        return self.since == cycles if cycles else self._is_now


def places_claim(home: Home = in_turn, *, is_driven: bool = False) -> Claim:
    """The track of every place at its place, and no other."""

    def claim(bench: Bench, m: Module) -> None:
        dut, probes = bench.dut, bench.probes
        assert isinstance(dut, TrackTrigger)
        first, n_places = dut._finder.LATENCY + 1, dut.N_PLACES
        if is_driven:
            driven(bench, m)
        flight = Flight(m, last_beats(bench, m, N_SECTORS), dut.LATENCY + n_places - 1)
        flight.keep_apart(dut.INITIATION_INTERVAL)
        begins = flight.ago[dut._finder.LATENCY]
        m.d.comb += Assume((dut._finder.out_valid & (dut._finder.out_clock == 0)) == begins)
        flight.steps(probes["running"], probes["place"], first, n_places)
        own = Followed(m, dut, begins, home)
        for age in range(1, dut.INITIATION_INTERVAL):
            m.d.comb += Assert((own.age == age) == flight.ago[first - 1 + age])
        _waiting(bench, m, own)
        _under_way(bench, m, own, flight)
        _answered(bench, m, own, flight)

    return claim


def _waiting(bench: Bench, m: Module, own: Followed) -> None:
    """Tracks that wait: those of a quadrant move up after each round."""
    counts = bench.probes["counts"]
    count_bits, width = len(counts) // N_QUADRANTS, len(bench.probes["held_0"]) // own.n_tracks
    track = Cat(own.fields[name] for name in ("phi", "omega", "found", "number"))
    for place, (quadrant, slot) in enumerate(own.homes):
        is_it, held = own.is_place(place) & (own.age != 0), bench.probes[f"held_{quadrant}"]
        m.d.comb += Assert(~is_it | ((counts.word_select(quadrant, count_bits) > slot) == own.there))
        for gone in range(slot + 1):
            in_round = is_it & (own.age > N_QUADRANTS * gone) & (own.age <= N_QUADRANTS * (gone + 1))
            m.d.comb += Assert(~in_round | (held.word_select(slot - gone, width) == track))
    asked, found, numbers = own.due(0) & own.there, own.fields["found"], own.fields["number"]
    for k in range(len(AXIAL)):
        number = bench.probes[f"own_{k}.number"]
        wanted = numbers.word_select(k, len(numbers) // len(AXIAL))[: len(number)]
        m.d.comb += Assert(~asked | ((number == wanted) & (bench.probes[f"own_{k}.found"] == found[k])))


def _under_way(bench: Bench, m: Module, own: Followed, flight: Flight) -> None:
    """The registers that carry what is known of a track beside the neuro trigger, and whether there is one."""
    dut, probes = bench.dut, bench.probes
    path, neuro, first = dut._path, dut._path._neuro, dut._finder.LATENCY + 1
    for name, ago in delays(dut).items():
        for k in range(1, _lengths(dut)[name] + 1):
            m.d.comb += Assert(probes[f"{name}_{k}"] == flight.ago[ago + k])
    known = {"phi": own.azimuth, "omega": own.omega, "out_phi": own.azimuth, "out_omega": own.omega, "out_place": own.number}
    for name, value in known.items():
        for k in range(1, _lengths(dut)[name] + 1):
            m.d.comb += Assert(~own.due(k) | (probes[f"{name}_{k}"] == value))
    wait = OwnSegments.LATENCY
    came = [path.in_valid & path.in_has_track]
    came += [past(m, came[0], 1)]
    for _ in range(neuro.LATENCY - 1):
        came.append(past(m, came[-1], 1))
    m.d.comb += Assume(neuro.out_valid == came[neuro.LATENCY])
    has_track = [(k, probes[f"has_track_{k}"]) for k in range(1, wait + 1)] + [(wait + k, one) for k, one in enumerate(came)]
    has_track += [(wait + neuro.LATENCY + k, probes[f"path.has_track_{k}"]) for k in range(1, SingleTrackTrigger.LATENCY + 1)]
    for k, one in has_track:
        m.d.comb += [Assert(~own.due(k) | (one == own.there)), Assert(flight.within(first + k, dut.N_PLACES) | (one == 0))]
    at_path = own.due(wait) & own.there
    m.d.comb += Assert(~at_path | ((path.in_phi == own.azimuth) & (path.in_omega == own.omega)))


def _answered(bench: Bench, m: Module, own: Followed, flight: Flight) -> None:
    """What comes out."""
    dut, neuro = bench.dut, bench.dut._path._neuro
    single = OwnSegments.LATENCY + neuro.LATENCY
    due, is_last = own.due(single + SingleTrackTrigger.LATENCY), own.is_place(dut.N_PLACES - 1)
    shown = {
        "out_valid": own.there | is_last,
        "out_has_track": own.there,
        "out_phi": Mux(own.there, own.azimuth, 0),
        "out_omega": Mux(own.there, own.omega, 0),
        "out_last": is_last,
    }
    m.d.comb += [Assert(~due | (getattr(dut, name) == value)) for name, value in shown.items()]
    m.d.comb += [
        Assert(~(due & dut.out_valid) | (dut.out_place == own.number)),
        Assert(flight.within(dut.LATENCY, dut.N_PLACES) | ~dut.out_valid),
    ]
    for name in NEURO_FIELDS:
        answer: Value = getattr(neuro, f"out_{name}")
        for k in range(1, SingleTrackTrigger.LATENCY + 1):
            answer = carried(m, answer, 1, f"own_{name}_{k}")
            m.d.comb += Assert(bench.probes[f"path.{name}_{k}"] == answer)
        m.d.comb += Assert(getattr(dut, f"out_{name}") == Mux(dut.out_has_track, answer, 0))
    last = bench.probes[f"path.last_{neuro.LATENCY}"]
    for now, registers in ((neuro.out_valid | last, ("valid_1", "out_valid_1")), (last, ("last_1", "out_last_1"))):
        for k, register in enumerate(registers, 1):
            m.d.comb += Assert(bench.probes[f"path.single.{register}"] == past(m, now, k))


def _lengths(dut: TrackTrigger) -> dict[str, int]:
    """Chains of registers that are watched."""
    wait = OwnSegments.LATENCY
    lengths = {"begins": dut.LATENCY - dut._finder.LATENCY - dut.LEAD, "last": wait, "path.last": dut._path._neuro.LATENCY}
    lengths |= dict.fromkeys(("phi", "omega", "has_track"), wait) | {"path.has_track": SingleTrackTrigger.LATENCY}
    return lengths | dict.fromkeys(("out_place", "out_phi", "out_omega"), wait + dut._path.LATENCY)


def places_bench(home: Home = in_turn, *, is_driven: bool = False) -> Bench:
    """The track trigger without 2D finder, segments of tracks, input stage and networks."""
    dut = track_trigger()
    plane, ports = dut._plane, dut._finder
    azimuth, omega = Shape.cast(range(2 * plane.n_phi)), Shape.cast(range(1 - plane.n_omega, plane.n_omega))
    shapes = {"phi": azimuth, "omega": omega, "out_phi": azimuth, "out_omega": omega, "out_place": Shape.cast(range(dut.N_PLACES))}
    probes = RECEIVER | {"running": Shape(1), "place": shapes["out_place"]}
    for name, length in _lengths(dut).items():
        probes |= {f"{name}_{k}": shapes.get(name, Shape(1)) for k in range(1, length + 1)}
    width = sum(len(port) for port in (ports.out_phi, ports.out_omega, ports.out_found, ports.out_number)) // N_QUADRANTS
    answers = {name: Value.cast(getattr(dut._path._neuro, f"out_{name}")).shape() for name in NEURO_FIELDS}
    probes |= {f"path.{name}_{k}": answers[name] for name in NEURO_FIELDS for k in range(1, SingleTrackTrigger.LATENCY + 1)}
    probes |= {f"path.single.{name}": Shape(1) for name in ("valid_1", "out_valid_1", "last_1", "out_last_1")}
    probes |= {f"held_{q}": Shape(width) for q in range(N_QUADRANTS)} | {"counts": Shape(len(Value.cast(ports.out_counts)))}
    for k, superlayer in enumerate(AXIAL):
        probes |= {f"own_{k}.number": Shape.cast(range(PER_SECTOR[superlayer] * N_SECTORS)), f"own_{k}.found": Shape(1)}
    cut = (HoughFinder, NeuroTrigger, OwnSegments, FitterCount)
    return Bench(dut, places_claim(home, is_driven=is_driven), probes, cut=cut, takes_apart=True)


def proofs() -> list[Proof]:
    """Proof of the places of a frame; the faulty claim has another order."""
    return [
        Proof(
            name="tracks.places",
            says="each track of the first data clock of a frame gets one answer, at the place and with the azimuth, curvature and "
            "segments that are its own, in order, after the declared latency, and no other place has a track; if 2D finder and "
            "neuro trigger keep their own claims, whatever they find and answer",
            bench=places_bench,
            broken=partial(places_bench, one_after_the_other, is_driven=True),
            depth=2,
            broken_depth=FIRST_PLACE + 3,
            broken_skip=FIRST_PLACE,
        )
    ]
