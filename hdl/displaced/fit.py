"""Fit of a seed in the transverse plane, a seed per cycle: `trigger.displaced.fit`.

Numbers of cycles count from the seed. A value is made in one cycle and there in the next.
"""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Value

from hdl.displaced.arithmetic import low_signed, rounded, rounded_by, saturated
from hdl.displaced.choice import Entry, in_order, keep_entry, keep_pairs, smallest, two_of_few, two_smallest
from hdl.displaced.hits import N_BANKS, N_POSITIONS, WindowHits
from hdl.displaced.layout import TIME_BITS
from hdl.displaced.tables import LAST_TIME, FitMemories
from hdl.displaced.timed import Pipeline, Timed
from hdl.logic import add, select
from trigger.displaced.fit import N_AXIAL, N_NEAR, N_STEREO
from trigger.displaced.fit_rows import BEND_STEP_LOG2, IMPACT_STEP_LOG2, N_BEND, N_IMPACT
from trigger.displaced.fit_tables import FACTOR_FRACTION, RESIDUAL_FRACTION, SHARE_FRACTION, STEREO_FRACTION
from trigger.displaced.formats import AZIMUTH, BEND, CHI2_SHIFT, COARSE, COARSE_SHIFT, IMPACT, NEAR, OFF, RESIDUAL, TURN

_POSITION_BITS = (N_POSITIONS - 1).bit_length()
_N_COMBINATIONS = 1 << N_AXIAL


@dataclass(frozen=True, kw_only=True)
class Seed:
    """A seed in cycle 0: bank of its window, row, azimuth of its cell's centre (AZIMUTH)."""

    bank: Timed
    row: Timed
    phi: Timed


@dataclass(frozen=True, kw_only=True)
class Axial:
    """What the fit knows: numbers as in the model. near, choice: (there, position) by superlayer; choice is of the answer.

    row, phi, t0 are there early, for the line; the rest at the end.
    """

    found: Timed
    row: Timed
    phi: Timed
    t0: Timed
    around: dict[str, Any]
    bend: Timed
    impact: Timed
    turn: Timed
    chi2: Timed
    shift: list[Timed]
    choice: list[tuple[Timed, Timed]]


class AxialFit:
    """The logic of one lane. ahead: `fastest_ahead` of the parameters."""

    def __init__(self, m: Module, pipeline: Pipeline, hits: WindowHits, tables: FitMemories, ahead: int) -> None:
        self._m, self._p, self._hits, self._tables, self._ahead = m, pipeline, hits, tables, ahead

    def build(self, seed: Seed, centre: dict[str, Any]) -> Axial:
        """centre: the tables' row of the seed, there in cycle 1."""
        p = self._p
        near, missing, found = self._nearest(seed, centre)
        segments = [[self._segment(k, c, seed, near[k][c]) for c in range(N_NEAR)] for k in range(N_AXIAL)]
        t0 = self._event_time(near, segments)
        bend, impact, phi, predicted = self._first_step(seed, centre, near, missing)
        row = p.keep(self._row(p.at(bend, 6), p.at(impact, 6)), 6, "row")
        table = self._tables.around.read(self._m, p.name(self._row(bend.value, impact.value), "row_address"))
        around = {name: self._timed(value, 7) for name, value in table.items()}
        values, choices = self._places(near, segments, phi, t0, predicted, around)
        second = self._tables.second.read(self._m, Cat(p.at(missing, 8), p.at(row, 8)))
        factors = {name: self._timed(value, 9) for name, value in second.items()}
        combination, size = self._sides(values, choices, factors["residual"])
        outputs = self._second_step(values, factors, combination)
        bend, impact, turn, shift = self._add_up(outputs, factors["shift"], around, phi)
        square = p.keep(size.value * size.value, 14, "square")
        return Axial(
            found=found, row=row, phi=phi, t0=t0, around=around, bend=bend, impact=impact, turn=turn,
            chi2=p.keep(rounded(p.at(square, 15), CHI2_SHIFT), 15, "chi2"), shift=shift,
            choice=[self._chosen(k, choices, combination) for k in range(N_AXIAL)],
        )  # fmt: skip

    def _timed(self, value: Any, cycle: int) -> Any:
        if isinstance(value, list):
            return [self._timed(part, cycle) for part in value]
        return Timed(self._p.name(value, "table"), cycle)

    def _nearest(self, seed: Seed, centre: dict[str, Any]) -> tuple[list[list[tuple[Timed, Timed, Timed]]], Timed, Timed]:
        """(there, position, coarse azimuth from the centre) of the two nearest wires, in cycle 4; missing, enough, in 3."""
        p, near, there = self._p, [], []
        for k in range(N_AXIAL):
            own, phi, bank = p.part(f"near_{k}"), p.at(seed.phi, 1), p.at(seed.bank, 1)
            azimuths, road = [p.name(azimuth, "azimuth") for azimuth in centre["azimuth"][k]], p.name(centre["road"][k], "road")
            predicted = [own.name((phi + azimuth)[COARSE_SHIFT : AZIMUTH.width], "predicted") for azimuth in azimuths]
            entries = [self._compared(own, 2 * k, i, bank, predicted, road) for i in range(N_POSITIONS)]
            there.append(own.keep(Cat(~entry.key[-1] for entry in entries), 1, "in_road"))
            kept = [keep_entry(own, entry, 1, "compared") for entry in entries]
            pairs = keep_pairs(own, two_smallest(own, in_order(own, kept), 2), 2, "nearer")
            ((one, other),) = two_smallest(own, pairs, 2)
            near.append([self._wire(own, entry) for entry in (one, other)])
        empty = Cat(~flags.value.any() for flags in there)
        count = add(list(empty))
        code: Value = Const(N_AXIAL, 3)
        for k in range(N_AXIAL):
            code = Mux(empty[k], k, code)
        missing = p.keep(code[:3], 2, "missing")
        return near, missing, p.keep(count < 2, 2, "enough")

    def _compared(
        self, p: Pipeline, superlayer: int, position: int, bank: Value, predicted: list[Value], road: Value
    ) -> Entry:  # fmt: skip
        """Size of the azimuth from the centre, largest where there is no wire within the road; position and sign."""
        hits = self._hits
        there, coarse, second = (
            select([field[superlayer][number][position] for number in range(N_BANKS)], bank)
            for field in (hits.there, hits.coarse, hits.flags)
        )
        difference = p.name(low_signed(coarse - Mux(second, predicted[1], predicted[0]), COARSE.width), "difference")
        is_left = difference[-1]
        size = p.name(Mux(is_left, -difference, difference)[: COARSE.width], "size")
        inside = there & (size <= road)
        return Entry(key=Cat(size[: NEAR.width], ~inside), label=Cat(Const(position, _POSITION_BITS), is_left))

    @staticmethod
    def _wire(p: Pipeline, entry: Entry) -> tuple[Timed, Timed, Timed]:
        size, position, is_left = entry.key[:-1], entry.label[:_POSITION_BITS], entry.label[_POSITION_BITS]
        there = ~entry.key[-1]
        off = Mux(there, Mux(is_left, -size, size), 0)
        return (
            p.keep(there, 3, "near_there"),
            p.keep(position, 3, "near_position"),
            p.keep(off[: NEAR.width + 1].as_signed(), 3, "near_off"),
        )

    def _segment(self, k: int, c: int, seed: Seed, wire: tuple[Timed, Timed, Timed]) -> dict[str, Timed]:
        """What is stored of a wire, in cycle 5."""
        p = self._p
        stored = self._hits.read(self._m, 2 * k, p.at(seed.bank, 4), p.at(wire[1], 4))
        return {name: p.keep(stored[name], 4, f"{name}_{k}_{c}") for name in ("angle", "second", "left", "right", "time")}

    def _event_time(self, near: list[list[tuple[Timed, Timed, Timed]]], segments: list[list[dict[str, Timed]]]) -> Timed:
        """Time of the earliest of the nearest segments, less the time ahead; in cycle 6."""
        p = self._p
        entries = []
        for k in range(N_AXIAL):
            time = p.at(segments[k][0]["time"], 5)
            # Of numbers with a sign turned over, the unsigned order is the order in time; a wire that is not there comes last.
            key = Cat(time[:-1], ~time[-1], ~p.at(near[k][0][0], 5))
            entries.append(Entry(key=key, label=Const(0, 1)))
        (best,) = smallest(p, entries)
        turned = best.key[: len(best.key) - 1]
        earliest = Cat(turned[:-1], ~turned[-1]).as_signed()
        return p.keep((earliest - self._ahead)[:TIME_BITS].as_signed(), 5, "t0")

    def _first_step(
        self, seed: Seed, centre: dict[str, Any], near: list[list[tuple[Timed, Timed, Timed]]], missing: Timed
    ) -> tuple[Timed, Timed, Timed, list[Timed]]:
        """(bend, impact, phi, coarse azimuths of the track from the centre times 2^COARSE_SHIFT), in cycle 6."""
        p, shifts = self._p, self._tables.step_shifts
        table = self._tables.step.read(self._m, Cat(p.at(missing, 3), p.at(seed.row, 3)))
        off = [p.at(near[k][0][2], 4) for k in range(N_AXIAL)]

        def total(factors: list[Value]) -> Value:
            products = [p.keep(factor * one, 4, "product") for factor, one in zip(factors, off, strict=True)]
            return add([product.value for product in products])

        moved = [rounded(total(table["move"][out]), shifts[out]) for out in range(3)]
        bend, impact = (p.at(Timed(p.name(centre[name], name), 1), 5) for name in ("bend", "impact"))
        return (
            p.keep(saturated(p, bend + moved[0], BEND.raw_max), 5, "bend"),
            p.keep(saturated(p, impact + moved[1], IMPACT.raw_max), 5, "impact"),
            p.keep((p.at(seed.phi, 5) + moved[2])[: AZIMUTH.width], 5, "phi"),
            [p.keep(rounded(total(table["share"][k]), SHARE_FRACTION - COARSE_SHIFT), 5, "on_track") for k in range(N_AXIAL)],
        )

    @staticmethod
    def _row(bend: Value, impact: Value) -> Value:
        """The row of the fit around a track, the nearest one outside: in raw numbers its places are the upper bits."""
        parts = []
        for raw, step, n in ((impact, IMPACT_STEP_LOG2, N_IMPACT), (bend, BEND_STEP_LOG2, N_BEND)):
            place = (raw >> step) + n // 2  # a few bits: to be built more than once costs nothing
            inside = Mux(place < 0, 0, Mux(place >= n, n - 1, place))
            parts.append(inside[: (n - 1).bit_length()])
        return Cat(*parts)

    def drift_time(self, time: Timed, t0: Timed) -> Value:
        """DRIFT of a segment with a time, in cycle 7: t0 is there in cycle 6."""
        p = self._p
        difference = p.name(p.at(time, 6) - p.at(t0, 6), "late")
        cut = Mux(difference < 0, 0, Mux(difference > LAST_TIME, LAST_TIME, difference))
        return self._tables.time.read(self._m, p.name(cut[: LAST_TIME.bit_length()], "drift_time"))["drift"]

    def _places(
        self,
        near: list[list[tuple[Timed, Timed, Timed]]],
        segments: list[list[dict[str, Timed]]],
        phi: Timed,
        t0: Timed,
        predicted: list[Timed],
        around: dict[str, Any],
    ) -> tuple[list[list[Timed]], list[list[tuple[Timed, Timed]]]]:
        """OFF of the two places of each superlayer, and (there, position) of their segments, in cycle 9."""
        p, values, choices = self._p, [], []
        for k in range(N_AXIAL):
            own, entries = p.part(f"places_{k}"), []
            for c in range(N_NEAR):
                segment, (there, position, off) = segments[k][c], near[k][c]
                azimuth = Mux(p.at(segment["second"], 7), p.at(around["azimuth"][k][1], 7), p.at(around["azimuth"][k][0], 7))
                turned = own.keep(p.at(segment["angle"], 6) - p.at(phi, 6), 6, "turned")
                left = own.keep(low_signed(turned.value - azimuth, AZIMUTH.width), 7, "left")
                drift = self.drift_time(segment["time"], t0)
                x = own.keep(rounded(drift * p.at(around["per_drift"][k], 7), FACTOR_FRACTION), 7, "x")
                miss = own.keep((p.at(off, 7) << COARSE_SHIFT) - p.at(predicted[k], 7), 7, "miss")
                for name, sign in (("left", -1), ("right", 1)):
                    move = x.value if sign > 0 else -x.value
                    place = saturated(own, left.value + move, OFF.raw_max)
                    allowed = p.at(there, 8) & p.at(segment[name], 8)
                    key = Cat(abs(own.name(miss.value + move, "distance")), Const(0, 2))[: AZIMUTH.width + 1]
                    entries.append(
                        Entry(
                            key=Cat(key, ~allowed),
                            label=Cat(place[: OFF.width], p.at(position, 8)),
                        )
                    )
            one, other = two_of_few(own, entries)
            kept = [(own.keep(~entry.key[-1], 8, "place_there"), own.keep(entry.label, 8, "place")) for entry in (one, other)]
            values.append([self._place(own, *entry) for entry in kept])
            choices.append([(there, Timed(own.name(label.value[OFF.width :], "at"), 9)) for there, label in kept])
        return values, choices

    @staticmethod
    def _place(p: Pipeline, there: Timed, label: Timed) -> Timed:
        """The place, 0 where there is none."""
        return Timed(p.name(Mux(there.value, label.value[: OFF.width].as_signed(), 0), "value"), 9)

    def _sides(
        self, values: list[list[Timed]], choices: list[list[tuple[Timed, Timed]]], factors: list[list[Timed]]
    ) -> tuple[Timed, Timed]:
        """(combination, RESIDUAL) of the places that fit best together, in cycle 14."""
        p, own = self._p, self._p.part("sides")
        terms = [
            [
                [
                    own.keep(rounded(p.at(factors[out][k], 9) * p.at(values[k][c], 9), RESIDUAL_FRACTION), 9, "term")
                    for c in range(N_NEAR)
                ]
                for k in range(N_AXIAL)
            ]
            for out in range(2)
        ]
        n_first = N_AXIAL - 1
        partial = [
            [
                own.keep(add([terms[out][k][(code >> k) & 1].value for k in range(n_first)]), 10, "partial")
                for code in range(1 << n_first)
            ]
            for out in range(2)
        ]
        entries = []
        for code in range(_N_COMBINATIONS):
            sums = [
                own.name(partial[out][code % (1 << n_first)].value + own.at(terms[out][n_first][code >> n_first], 11), "sum")
                for out in range(2)
            ]
            one, other = (own.name(abs(value), "residual") for value in sums)
            is_less = own.name(one < other, "is_less")
            total = own.name(Mux(is_less, other, one) + (Mux(is_less, one, other) >> 1), "total")
            size = Mux(total > RESIDUAL.raw_max, RESIDUAL.raw_max, total)[: RESIDUAL.width]
            seconds = [k for k in range(N_AXIAL) if (code >> k) & 1]
            there = Cat(*(p.at(choices[k][1][0], 11) for k in seconds)).all() if seconds else Const(1, 1)
            entry = Entry(key=Cat(size, ~there), label=Const(code, N_AXIAL))
            entries.append(keep_entry(own, entry, 11, "combination"))
        entries = [keep_entry(own, entry, 12, "combination") for entry in smallest(own, entries, 3)]
        (best,) = smallest(own, entries)
        return own.keep(best.label, 13, "best"), own.keep(best.key[:-1], 13, "size")

    def _chosen(self, k: int, choices: list[list[tuple[Timed, Timed]]], combination: Timed) -> tuple[Timed, Timed]:
        """(there, position) of the segment of the answer, in cycle 15."""
        p = self._p
        code = p.at(combination, 14)[k]
        there, position = (select([p.at(choices[k][c][part], 14) for c in range(N_NEAR)], code) for part in range(2))
        return p.keep(there, 14, "chosen_there"), p.keep(position, 14, "chosen_position")

    def _second_step(self, values: list[list[Timed]], factors: dict[str, Any], combination: Timed) -> list[Timed]:
        """Sums of products of the chosen places, in cycle 15: three numbers of the track, then azimuths at stereo superlayers."""
        p, totals = self._p, []
        for row in (*factors["move"], *factors["stereo"]):
            chosen = []
            for k in range(N_AXIAL):
                products = [p.keep(p.at(row[k], 9) * p.at(values[k][c], 9), 9, "product") for c in range(N_NEAR)]
                chosen.append(select([p.at(product, 14) for product in products], p.at(combination, 14)[k]))
            totals.append(p.keep(add(chosen), 14, "total"))
        return totals

    def _add_up(
        self, totals: list[Timed], shifts: list[Timed], around: dict[str, Any], phi: Timed
    ) -> tuple[Timed, Timed, Timed, list[Timed]]:
        """(bend, impact, phi as TURN, shifts at the stereo superlayers): the former three in cycle 16, the latter in cycle 15."""
        p = self._p
        moved = [rounded_by(p, p.at(totals[out], 15), p.at(shifts[out], 15), self._tables.move_shifts) for out in range(3)]
        turn = rounded(p.at(phi, 15) + moved[2], AZIMUTH.width - TURN.width)[: TURN.width]
        stereo = [Timed(p.name(rounded(p.at(totals[3 + s], 15), STEREO_FRACTION), "shift"), 15) for s in range(N_STEREO)]
        return (
            p.keep(saturated(p, p.at(around["bend"], 15) + moved[0], BEND.raw_max), 15, "bend"),
            p.keep(saturated(p, p.at(around["impact"], 15) + moved[1], IMPACT.raw_max), 15, "impact"),
            p.keep(turn, 15, "turn"),
            stereo,
        )
