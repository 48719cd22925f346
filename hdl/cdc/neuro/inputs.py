"""The input stage of the neuro trigger: a 2D track and the stereo segments of its frame in, 27 inputs and an expert out.

Ref: basf2 trg/cdc NeuroTrigger.cc, CDCTriggerNeuroModule.cc (read in public source).
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.frames import Bank
from hdl.cdc.neuro.axial import AxialSegments, check_windows
from hdl.cdc.neuro.drift import drift_time
from hdl.cdc.neuro.pipeline import carried
from hdl.cdc.neuro.references import References
from hdl.cdc.neuro.segments import AXIAL, STEREO, Number, OwnSegment, Row, RowAddress, Time, is_known, is_right, is_second
from hdl.cdc.neuro.stereo import StereoSuperlayer, Window
from hdl.fixed import shape
from hdl.logic import delayed
from trigger.cdc.hough.plane import HoughPlane
from trigger.cdc.neuro.formats import NODE
from trigger.cdc.neuro.inputs import EXPERT_MISSING, STEREO_PATTERN, TIME_MAX_LOG2
from trigger.cdc.neuro.mlp import N_INPUTS
from trigger.cdc.neuro.windows import InputWindows
from trigger.geometry.cdc import N_SUPERLAYERS

RELEVANT = References.LATENCY + StereoSuperlayer.T0_CYCLES
CHOSEN = References.LATENCY + StereoSuperlayer.LATENCY
"""Cycles after a track in which relevance, and the segments, are known."""
VALUES_PER_SUPERLAYER = N_INPUTS // N_SUPERLAYERS


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The best segment of a superlayer: whether there is one, its number, radius, side and drift time, and where it lies."""

    found: Value
    number: Value
    second: Value
    lr: Value
    drift: Value
    from_centre: Value


class NeuroInputs(wiring.Component):
    """Inputs of 2D tracks with the fastest priority time as event time; domain sync at the system clock.

    A track is looked up in the frame that it names: all rows of it must have come before, and none of its number again until
    three cycles after. A segment is there once per frame, so there is room for all of them; of equally good ones the highest
    number counts, which is the last one of a list in order. ValueError for a plane and windows whose relevant segments are not
    read at once. rows_apart: the rows of each stereo superlayer come when they are complete, with numbers of their own.

    Ports:
        in_valid: a beat is taken. in_has_row, in_has_track: what it holds.
        in_row, in_row_frame, in_segments: 16 segments of each stereo superlayer, see `hdl.cdc.neuro.segments`. in_has_row and
            in_row are there once for all of them, or once for each.
        in_track_frame, in_phi, in_omega: the track's frame, azimuth in half cells, signed curvature in half cells.
        in_own: its segment of each axial superlayer; priority 0 = none.
        out_valid: one cycle per track, `LATENCY` cycles after it. The rest means something with it only.
        out_x: 27 values of 14 bits, input 0 lowest; all 0 without an expert. out_has_expert, out_expert: the network.
        out_pattern: stereo superlayers with a relevant segment. out_has_t0, out_t0: event time, 0 without.
        out_found, out_number: the chosen segment of each superlayer and its number; number 0 without.
    """

    LATENCY = CHOSEN + 1
    INITIATION_INTERVAL = 1

    def __init__(self, plane: HoughPlane | None = None, windows: InputWindows | None = None, *, rows_apart: bool = False) -> None:
        self.plane = plane or HoughPlane()
        self.windows = windows or InputWindows()
        check_windows(self.windows)
        self._stereo_windows = [Window(self.plane, self.windows, superlayer) for superlayer in STEREO]
        n_omega, self._n_rows = self.plane.n_omega, len(STEREO) if rows_apart else 1
        self._row_bits = Signal(RowAddress["row"].shape).shape().width
        self._number_bits = Signal(Number).shape().width
        super().__init__(
            {
                "in_valid": In(1),
                "in_has_row": In(self._n_rows),
                "in_row": In(self._n_rows * self._row_bits),
                "in_row_frame": In(Bank),
                "in_segments": In(data.ArrayLayout(Row, len(STEREO))),
                "in_has_track": In(1),
                "in_track_frame": In(Bank),
                "in_phi": In(range(2 * self.plane.n_phi)),
                "in_omega": In(range(1 - n_omega, n_omega)),
                "in_own": In(data.ArrayLayout(OwnSegment, len(AXIAL))),
                "out_valid": Out(1),
                "out_x": Out(N_INPUTS * NODE.width),
                "out_has_expert": Out(1),
                "out_expert": Out(range(len(EXPERT_MISSING))),
                "out_pattern": Out(N_SUPERLAYERS),
                "out_has_t0": Out(1),
                "out_t0": Out(Time),
                "out_found": Out(N_SUPERLAYERS),
                "out_number": Out(N_SUPERLAYERS * self._number_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.references = references = References(self.plane)
        m.submodules.axial = axial = AxialSegments(self.windows)
        omega = Signal(range(2 * self.plane.n_omega - 1))
        m.d.comb += [
            omega.eq(self.in_omega + (self.plane.n_omega - 1)),
            references.phi.eq(self.in_phi),
            references.omega.eq(omega),
            references.second.eq(Cat(is_second(entry.segment.priority) for entry in self.in_own)),
            references.later_omega.eq(carried(m, omega, CHOSEN - 1, "omega")),
            axial.segments.eq(self.in_own),
            axial.references.eq(references.axial),
        ]
        stereo = [self._stereo(m, k, references, axial) for k in range(len(STEREO))]
        pattern = carried(m, self._pattern(stereo), CHOSEN - RELEVANT, "pattern")
        has_expert, expert = self._expert(pattern)
        has_t0 = carried(m, axial.has_t0, CHOSEN - AxialSegments.LATENCY, "has_t0")
        t0 = carried(m, axial.t0, CHOSEN - AxialSegments.LATENCY, "t0")
        m.d.comb += [
            self.out_valid.eq(delayed(m, self.in_valid & self.in_has_track, self.LATENCY, "valid")),
            self.out_has_expert.eq(carried(m, has_expert, 1, "has_expert")),
            self.out_expert.eq(carried(m, expert, 1, "expert")),
            self.out_pattern.eq(carried(m, pattern, 1, "out_pattern")),
            self.out_has_t0.eq(carried(m, has_t0, 1, "out_has_t0")),
            self.out_t0.eq(carried(m, t0, 1, "out_t0")),
        ]
        self._vector(m, self._chosen_axial(m, axial) | self._chosen_stereo(stereo), references, has_expert)
        return m

    def _stereo(self, m: Module, k: int, references: References, axial: AxialSegments) -> StereoSuperlayer:
        """A stereo superlayer, connected."""
        part = StereoSuperlayer(self._stereo_windows[k])
        m.submodules[f"stereo_{k}"] = part
        own = k % self._n_rows
        m.d.comb += [
            part.write.eq(self.in_valid & self.in_has_row[own]),
            part.write_at.row.eq(self.in_row.word_select(own, self._row_bits)),
            part.write_at.frame.eq(self.in_row_frame),
            part.row.eq(self.in_segments[k]),
            part.frame.eq(carried(m, self.in_track_frame, References.LATENCY, f"frame_{k}")),
            part.references.eq(references.stereo[k]),
            part.has_t0.eq(axial.has_t0),
            part.t0.eq(axial.t0),
        ]
        return part

    def _pattern(self, stereo: list[StereoSuperlayer]) -> Value:
        """Stereo superlayers with a relevant segment, as bits of all superlayers."""
        bits = dict(zip(STEREO, (part.relevant for part in stereo), strict=True))
        return Cat(bits.get(superlayer, Const(0, 1)) for superlayer in range(N_SUPERLAYERS))

    def _expert(self, pattern: Value) -> tuple[Value, Value]:
        """(whether the pattern has an expert, its number)."""
        has_expert: Value = Const(0, 1)
        expert: Value = Const(0, range(len(EXPERT_MISSING)))
        for number, missing in enumerate(EXPERT_MISSING):
            wanted = STEREO_PATTERN if missing is None else STEREO_PATTERN & ~(1 << missing)
            has_expert = has_expert | (pattern == wanted)
            expert = Mux(pattern == wanted, number, expert)
        return has_expert, expert

    def _chosen_axial(self, m: Module, axial: AxialSegments) -> dict[int, Choice]:
        """The axial superlayers in cycle CHOSEN."""
        late = CHOSEN - AxialSegments.RELEVANT_CYCLES
        chosen = {}
        for k, superlayer in enumerate(AXIAL):
            entry = self.in_own[k]
            time = carried(m, entry.segment.time, AxialSegments.LATENCY, f"time_{k}")
            drift = drift_time(m, time, axial.has_t0, axial.t0, f"axial_{k}")
            chosen[superlayer] = Choice(
                found=carried(m, axial.relevant[k], late, f"found_{k}"),
                number=carried(m, entry.number, CHOSEN, f"number_{k}"),
                second=carried(m, is_second(entry.segment.priority), CHOSEN, f"second_{k}"),
                lr=carried(m, entry.segment.lr, CHOSEN, f"lr_{k}"),
                drift=carried(m, drift, CHOSEN - AxialSegments.LATENCY, f"drift_{k}"),
                from_centre=carried(m, axial.relative[k], late, f"relative_{k}") - int(self.windows.centre_raw[superlayer]),
            )
        return chosen

    def _chosen_stereo(self, stereo: list[StereoSuperlayer]) -> dict[int, Choice]:
        """The stereo superlayers in cycle CHOSEN."""
        return {
            superlayer: Choice(
                found=part.found,
                number=part.number,
                second=is_second(part.priority),
                lr=part.lr,
                drift=part.drift,
                from_centre=part.from_centre,
            )
            for superlayer, part in zip(STEREO, stereo, strict=True)
        }

    def _vector(self, m: Module, chosen: dict[int, Choice], references: References, has_expert: Value) -> None:
        """The inputs of all superlayers."""
        to_node, shifts = NODE.fraction - TIME_MAX_LOG2, self.windows.shift.tolist()
        for superlayer, choice in chosen.items():
            angles = references.later_angles[superlayer]
            angle = Mux(choice.second, angles[1], angles[0])
            drift = choice.drift << to_node
            place, time, crossing = (Signal(shape(NODE), name=f"{name}_{superlayer}") for name in ("place", "drift", "crossing"))
            is_used = Signal(name=f"is_used_{superlayer}")
            m.d.comb += [
                is_used.eq(choice.found & has_expert),
                place.eq(choice.from_centre << shifts[superlayer]),
                time.eq(Mux(is_known(choice.lr), Mux(is_right(choice.lr), -drift, drift), 0)),
                crossing.eq((angle + angle[-1]) >> 1),
            ]
            x = Cat(place, time, crossing) & is_used.replicate(VALUES_PER_SUPERLAYER * NODE.width)
            number = choice.number & is_used.replicate(self._number_bits)
            m.d.comb += [
                self.out_x.word_select(superlayer, VALUES_PER_SUPERLAYER * NODE.width).eq(carried(m, x, 1, f"x_{superlayer}")),
                self.out_found[superlayer].eq(carried(m, is_used, 1, f"out_found_{superlayer}")),
                self.out_number.word_select(superlayer, self._number_bits).eq(carried(m, number, 1, f"out_number_{superlayer}")),
            ]
