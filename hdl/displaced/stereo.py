"""Line in z of a fitted seed, a seed per cycle: `trigger.displaced.stereo`.

Numbers of cycles count from the seed. A value is made in one cycle and there in the next.
"""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Value

from hdl.displaced.arithmetic import low_signed, rounded, rounded_by, saturated
from hdl.displaced.choice import Entry, First, first_of, join, keep_entry, keep_first, smallest
from hdl.displaced.fit import Axial, AxialFit, Seed
from hdl.displaced.hits import N_BANKS, N_POSITIONS, WindowHits
from hdl.displaced.tables import FitMemories
from hdl.displaced.timed import Pipeline, Timed
from hdl.logic import add, select
from trigger.displaced.fit import N_STEREO
from trigger.displaced.fit_tables import DEPTH_FRACTION, FACTOR_FRACTION, TRIPLES, fit_tables
from trigger.displaced.formats import AZIMUTH, COARSE, COARSE_SHIFT, DEPTH, OFF, SLOPE
from trigger.displaced.stereo import DEPTH_MAX, MIN_STEREO, MISS_MAX, N_POINTS, SLACK, SLOPE_HIGH, SLOPE_LOW

_POSITION_BITS = (N_POSITIONS - 1).bit_length()
_POINT_BITS = (N_POINTS - 1).bit_length()
_INNER, _OUTER = TRIPLES.index((0, 1, 2)), TRIPLES.index((1, 2, 3))
"""The two triples that a line of four points consists of."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Superlayers of the line, 0 for none, z at path 0 and slope; in cycle 23."""

    n_stereo: Timed
    start: Timed
    slope: Timed


class StereoLine:
    """The logic of one lane."""

    def __init__(
        self, m: Module, pipeline: Pipeline, hits: WindowHits, tables: FitMemories, axial: AxialFit, misses: list[int]
    ) -> None:
        """misses: MISS of a line of three points, and of four."""
        self._m, self._p, self._hits, self._tables, self._axial, self._cuts = m, pipeline, hits, tables, axial, misses

    def build(self, seed: Seed, centre: dict[str, Any], fitted: Axial) -> Line:
        """centre: the tables' row of the seed, there in cycle 1."""
        p = self._p
        segments = [self._first(s, seed, centre) for s in range(N_STEREO)]
        turned = [[self._turned(s, seed, fitted, there, label) for there, label in segments[s]] for s in range(N_STEREO)]
        there = [[entry[0] for entry in segments[s]] for s in range(N_STEREO)]
        z, misses = self._misses(turned, there, fitted)
        count, missing, chosen = self._best(misses)
        table = self._tables.line.read(self._m, p.at(fitted.row, 19))
        return self._straight(z, table, count, missing, chosen)

    def _first(self, s: int, seed: Seed, centre: dict[str, Any]) -> list[tuple[Timed, Timed]]:
        """(there, position and side) of the first points in the window of the cell, in cycle 4; side 1 is right."""
        p, hits, superlayer = self._p, self._hits, 2 * s + 1
        own, bank = p.part(f"first_{s}"), p.at(seed.bank, 1)
        start = own.name((p.at(seed.phi, 1) + centre["start"][s])[COARSE_SHIFT : AZIMUTH.width], "start")
        lists: list[First] = []
        for position in range(N_POSITIONS):
            there, coarse, sides = (
                select([field[superlayer][number][position] for number in range(N_BANKS)], bank)
                for field in (hits.there, hits.coarse, hits.flags)
            )
            inside = own.name(there & ((coarse - start)[: COARSE.width] <= centre["width"][s]), "inside")
            flags = [own.keep(inside & sides[side], 1, "in_window").value for side in range(2)]
            lists.append(first_of(flags, [position, position | (1 << _POSITION_BITS)], _POSITION_BITS + 1))
        kept = [keep_first(own, part, 2, "first") for part in join(own, lists, N_POINTS, 3)]
        again = [First(there=[one.value for one, _ in part], labels=[label.value for _, label in part]) for part in kept]
        (found,) = join(own, again, N_POINTS, 2)
        return keep_first(own, found, 3, "point")

    def _turned(self, s: int, seed: Seed, fitted: Axial, there: Timed, label: Timed) -> Timed:
        """OFF of the track from the backward end of the wire, in cycle 16."""
        p = self._p
        stored = self._hits.read(self._m, 2 * s + 1, p.at(seed.bank, 4), p.at(label, 4)[:_POSITION_BITS])
        angle, time = (p.keep(stored[name], 4, f"stereo_{name}") for name in ("angle", "time"))
        drift = self._axial.drift_time(time, fitted.t0)
        x = p.keep(rounded(drift * p.at(fitted.around["stereo_per_drift"][s], 7), FACTOR_FRACTION), 7, "x")
        turned = p.keep(p.at(fitted.phi, 6) - p.at(angle, 6), 6, "turned")
        centre = p.keep(low_signed(p.at(turned, 7) + p.at(fitted.around["stereo_azimuth"][s], 7), AZIMUTH.width), 7, "centre")
        right = p.at(label, 8)[_POSITION_BITS]
        base = p.keep(p.at(centre, 8) + Mux(right, -p.at(x, 8), p.at(x, 8)), 8, "base")
        return p.keep(saturated(p, p.at(base, 15) + p.at(fitted.shift[s], 15), OFF.raw_max), 15, "off")

    def _misses(
        self, turned: list[list[Timed]], there: list[list[Timed]], fitted: Axial
    ) -> tuple[list[list[Timed]], list[list[list[list[Value]]]]]:
        """DEPTH of every point, in cycle 17; MISS of every three, as values of cycle 18, by triple and its three points."""
        p, fixed = self._p, fit_tables()
        table = self._tables.points.read(self._m, p.at(fitted.row, 15))
        offset = [p.keep(value, 16, "offset").value for value in table["offset"]]
        z = [
            [p.keep(rounded(p.at(one, 16) * int(fixed.depth[s]), DEPTH_FRACTION), 16, "z") for one in turned[s]]
            for s in range(N_STEREO)
        ]
        on_wire = []
        for s in range(N_STEREO):
            depths = zip(z[s], there[s], strict=True)
            inside = [
                (p.at(one, 17) >= -SLACK) & (p.at(one, 17) <= int(fixed.range[s]) + SLACK) & p.at(known, 17)
                for one, known in depths
            ]
            on_wire.append([p.name(value, "on_wire") for value in inside])
        misses = []
        for t, (one, middle, other) in enumerate(TRIPLES):
            own = p.part(f"misses_{t}")
            ends = [
                [
                    own.keep(rounded(p.at(point, 16) * table["weight"][t][side], DEPTH_FRACTION), 16, "share").value
                    for point in turned[superlayer]
                ]
                for side, superlayer in enumerate((one, other))
            ]
            # One sum for each pair of ends; the middle points are compared with it.
            between = [[own.name(left + right - offset[t], "between") for right in ends[1]] for left in ends[0]]
            known = [[own.name(on_wire[one][a] & on_wire[other][c], "known") for c in range(N_POINTS)] for a in range(N_POINTS)]
            points = range(N_POINTS)
            misses.append([[[self._miss(own, p.at(z[middle][b], 17) - between[a][c], on_wire[middle][b] & known[a][c])
                             for c in points] for b in points] for a in points])  # fmt: skip
        return z, misses

    @staticmethod
    def _miss(p: Pipeline, difference: Value, there: Value) -> Value:
        size = p.name(abs(p.name(difference, "difference")), "size")
        return p.keep(Mux(there & (size < MISS_MAX), size, MISS_MAX)[: MISS_MAX.bit_length()], 17, "miss").value

    def _best(self, misses: list[list[list[list[Value]]]]) -> tuple[Timed, Timed, list[Timed]]:
        """(superlayers or 0, superlayer without a point or N_STEREO, points) of the best line: values of cycle 20."""
        p, points = self._p, range(N_POINTS)
        threes = []
        for t, miss in enumerate(misses):
            own = p.part(f"three_{t}")
            entries = [
                Entry(key=miss[a][b][c], label=Const((a * N_POINTS + b) * N_POINTS + c, 3 * _POINT_BITS))
                for a in points
                for b in points
                for c in points
            ]
            entries = [keep_entry(own, entry, 18, "three") for entry in smallest(own, entries, 3)]
            (best,) = smallest(own, entries)
            threes.append(keep_entry(own, best, 19, "three"))
        own, entries = p.part("four"), []
        for b in points:
            for c in points:
                (inner,) = smallest(own, [Entry(key=misses[_INNER][a][b][c], label=Const(a, _POINT_BITS)) for a in points])
                (outer,) = smallest(own, [Entry(key=misses[_OUTER][b][c][d], label=Const(d, _POINT_BITS)) for d in points])
                middle = Const(b, _POINT_BITS), Const(c, _POINT_BITS)
                entry = Entry(key=inner.key + outer.key, label=Cat(inner.label, *middle, outer.label))
                entries.append(keep_entry(own, entry, 18, "four"))
        (best,) = smallest(own, entries)
        four = keep_entry(own, best, 19, "four")
        three_cut, four_cut = self._cuts
        labelled = [Entry(key=entry.key, label=Cat(entry.label, Const(t, 3))) for t, entry in enumerate(threes)]
        (three,) = smallest(p, labelled)
        is_four = p.name(four.key <= four_cut, "is_four")
        count = Mux(is_four, N_STEREO, Mux(three.key <= three_cut, MIN_STEREO, 0))
        which = three.label[3 * _POINT_BITS :]
        chosen = []
        for s in range(N_STEREO):
            # The label of three points has the last one lowest; a superlayer without one keeps any.
            of_three = [
                three.label.word_select(2 - triple.index(s), _POINT_BITS) if s in triple else Const(0, _POINT_BITS)
                for triple in TRIPLES
            ]
            own = Mux(is_four, four.label.word_select(s, _POINT_BITS), select(of_three, which))
            chosen.append(Timed(p.name(own, "chosen"), 20))
        missing = p.name(Mux(is_four, N_STEREO, which)[:3], "missing_stereo")
        return Timed(p.name(count[:3], "n_stereo"), 20), Timed(missing, 20), chosen

    def _straight(self, z: list[list[Timed]], table: dict[str, Any], count: Timed, missing: Timed, chosen: list[Timed]) -> Line:
        """The straight line through the points; table: of the lines of a row, there in cycle 20."""
        p, fixed = self._p, fit_tables()
        heights = []
        for s in range(N_STEREO):
            own = select([p.at(one, 20) for one in z[s]], chosen[s].value)
            heights.append(p.keep(own + int(fixed.start[s]), 20, "height"))
        results, inside = [], []
        ranges = (DEPTH.raw_max, (-DEPTH_MAX, DEPTH_MAX)), (SLOPE.raw_max, (SLOPE_LOW, SLOPE_HIGH))
        for out, (largest, limits) in enumerate(ranges):
            factors = [
                p.keep(select([lines[out][s] for lines in table["line"]], missing.value), 20, "factor") for s in range(N_STEREO)
            ]
            shift = p.keep(select([shifts[out] for shifts in table["shift"]], missing.value), 20, "shift")
            products = [p.keep(p.at(factors[s], 21) * p.at(heights[s], 21), 21, "product") for s in range(N_STEREO)]
            total = rounded_by(p, add([product.value for product in products]), p.at(shift, 22), self._tables.line_shifts)
            low, high = limits
            # Compared before it is saturated: the limits lie inside.
            exact = p.name(total, "line")
            inside.append((exact >= low) & (exact <= high))
            results.append(p.name(saturated(p, exact, largest), "saturated"))
        start, slope = results
        n_stereo = Mux(Cat(inside).all(), p.at(count, 22), 0)
        return Line(
            n_stereo=p.keep(n_stereo, 22, "n_stereo"),
            start=p.keep(start[: DEPTH.width].as_signed(), 22, "z0"),
            slope=p.keep(slope[: SLOPE.width].as_signed(), 22, "slope"),
        )
