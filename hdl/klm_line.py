"""KLM trigger in straight-line mode as hardware: one strip per cycle, sums per track, the cut on the intercept without division.

The strips of an event come ordered by sector, plane, layer and strip, as the concentrators of the sectors would be read out one
after the other. A plane of a sector is a group: while its strips come in, the sums of its four tracks grow; when the next group or
the end of the event comes, they go to the pipeline that decides on the lines, and the next group starts without a gap.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.klm import decide, decision_ports
from hdl.logic import delayed
from trigger.geometry.klm import N_LAYERS, N_PLANES, N_SECTORS, STRIP_FRACTION, StripTable, strip_table
from trigger.klm_line import LENGTH_BITS, N_TRACKS, KlmLineParameters

Strip = data.StructLayout(
    {
        "strip": (int(strip_table().n_strips.max()) - 1).bit_length(),
        "layer": (N_LAYERS - 1).bit_length(),
        "plane": (N_PLANES - 1).bit_length(),
        "sector": (N_SECTORS - 1).bit_length(),
    }
)
"""A strip; its number as a whole ascends in an event. sector: of all 24, section by section."""
_Flags = data.StructLayout({"valid": 1, "first": 1, "last": 1, "hit": 1})


@dataclass(frozen=True)
class _Shapes:
    """Widths of the sums, from the largest numbers that the strips of one group can give."""

    x: Shape
    y: Shape
    n: Shape
    sx: Shape
    sy: Shape
    sxx: Shape
    sxy: Shape

    @classmethod
    def of(cls, table: StripTable) -> "_Shapes":
        most, x = int(table.n_strips.sum(axis=1).max()), int(table.x_raw.max())
        ends = [table.offset_raw, table.offset_raw + table.n_strips * table.pitch_raw]
        y = int(max(abs(end).max() for end in ends)) >> STRIP_FRACTION
        return cls(
            x=unsigned(x.bit_length()),
            y=signed((y + 1).bit_length() + 1),
            n=unsigned(most.bit_length()),
            sx=unsigned((most * x).bit_length()),
            sy=signed((most * (y + 1)).bit_length() + 1),
            sxx=unsigned((most * x * x).bit_length()),
            sxy=signed((most * x * (y + 1)).bit_length() + 1),
        )


_SHAPES = _Shapes.of(strip_table())
_Sums = data.StructLayout(
    {
        "layers": N_LAYERS.bit_length(),
        "n": _SHAPES.n,
        "sx": _SHAPES.sx,
        "sy": _SHAPES.sy,
        "sxx": _SHAPES.sxx,
        "sxy": _SHAPES.sxy,
    }
)
_Group = data.StructLayout(
    {"valid": 1, "first": 1, "last": 1, "full": 1, "plane": Strip["plane"].shape, "sector": Strip["sector"].shape}
)
"""What goes to the decision. valid: there is something. first, last: of the event. full: there are sums of a group."""


class LineTrigger(wiring.Component):
    """KLM decision of every complete event; strips follow each other in every cycle, events without a gap.

    Ports:
        in_valid: there is a beat; outside an event it is ignored. in_first: it opens an event and drops an unfinished one. in_last:
            it completes the event.
        in_hit: it carries a strip; an event without strips is one beat without. in_strip: the strip; one that repeats the strip
            of the beat before is ignored, any other order than ascending is not allowed.
        out_valid: `LATENCY` cycles after the last beat, for one cycle; the other outputs are meaningful then.
    """

    LATENCY = 10
    INITIATION_INTERVAL = 1
    """In beats: an event takes as many cycles as it has strips, at least one."""

    def __init__(self, parameters: KlmLineParameters | None = None) -> None:
        self._parameters = parameters or KlmLineParameters()
        super().__init__(
            {
                "in_valid": In(1),
                "in_first": In(1),
                "in_last": In(1),
                "in_hit": In(1),
                "in_strip": In(Strip),
                "out_valid": Out(1),
                **decision_ports(),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        flags, strip, x, y = self._coordinates(m)
        group, sums = self._tracks(m, flags, strip, x, y)
        self._decide(m, group, self._lines(m, sums))
        return m

    def _coordinates(self, m: Module) -> tuple[data.View, data.View, Value, Value]:
        """(flags, strip, x, y) of each beat, two cycles later: the plane's line of coordinates from memory, then y on it."""
        table = strip_table()
        row = data.StructLayout(
            {"x": _SHAPES.x, "pitch": signed(_width(table.pitch_raw)), "offset": signed(_width(table.offset_raw))}
        )
        depth_bits = sum(Strip[name].width for name in ("layer", "plane", "sector"))
        rows = [{"x": 0, "pitch": 0, "offset": 0} for _ in range(1 << depth_bits)]
        for sector in range(N_SECTORS):
            for plane in range(N_PLANES):
                for layer in range(N_LAYERS):
                    where = (sector, layer, plane)
                    address = (sector << Strip["plane"].width | plane) << Strip["layer"].width | layer
                    rows[address] = {
                        "x": int(table.x_raw[where]),
                        "pitch": int(table.pitch_raw[where]),
                        "offset": int(table.offset_raw[where]),
                    }
        m.submodules.lines = memory = Memory(shape=row, depth=len(rows), init=rows)
        port = memory.read_port()
        m.d.comb += [port.addr.eq(Cat(self.in_strip.layer, self.in_strip.plane, self.in_strip.sector)), port.en.eq(1)]
        flags, strip = Signal(_Flags), Signal(Strip)
        inside, taken = Signal(), Signal()
        m.d.comb += taken.eq(self.in_valid & (self.in_first | inside))
        with m.If(taken):
            m.d.sync += inside.eq(~self.in_last)
        m.d.sync += [
            flags.valid.eq(taken),
            flags.first.eq(self.in_first),
            flags.last.eq(self.in_last),
            flags.hit.eq(self.in_hit),
            strip.eq(self.in_strip),
        ]
        x, y = Signal(_SHAPES.x), Signal(_SHAPES.y)
        m.d.sync += [x.eq(port.data.x), y.eq((port.data.offset + strip.strip * port.data.pitch) >> STRIP_FRACTION)]
        return (
            data.View(_Flags, delayed(m, flags, 1, "flags")),
            data.View(Strip, delayed(m, strip, 1, "strip")),
            x,
            y,
        )

    def _tracks(self, m: Module, flags: data.View, strip: data.View, x: Value, y: Value) -> tuple[data.View, data.View]:
        """(group, sums of its tracks) as each group closes: a track is chosen, then its sums grow, then the group may close."""
        before, seen = Signal(Strip), Signal()
        taken, opens = Signal(), Signal()
        same_group = (strip.plane == before.plane) & (strip.sector == before.sector) & seen & ~flags.first
        repeated = same_group & (strip.as_value() == before.as_value())
        m.d.comb += [taken.eq(flags.valid & flags.hit & ~repeated), opens.eq(~same_group)]
        with m.If(flags.valid):
            with m.If(flags.hit):
                m.d.sync += before.eq(strip)
            m.d.sync += seen.eq(~flags.last & (flags.hit | (seen & ~flags.first)))
        chosen, is_new = self._choose(m, taken, opens | (strip.layer != before.layer), y)

        grow, restart, plane, sector = Signal(), Signal(), Signal.like(strip.plane), Signal.like(strip.sector)
        to, new_layer, last_x, last_y = Signal(N_TRACKS), Signal(), Signal.like(x), Signal.like(y)
        xx, xy = Signal(2 * _SHAPES.x.width), Signal(signed(_SHAPES.x.width + _SHAPES.y.width))
        is_first, is_last = Signal(), Signal()
        m.d.sync += [
            grow.eq(taken),
            restart.eq(taken & opens),
            plane.eq(strip.plane),
            sector.eq(strip.sector),
            to.eq(chosen),
            new_layer.eq(is_new),
            last_x.eq(x),
            last_y.eq(y),
            xx.eq(x * x),
            xy.eq(x * y),
            is_first.eq(flags.valid & flags.first),
            is_last.eq(flags.valid & flags.last),
        ]
        sums = Signal(data.ArrayLayout(_Sums, N_TRACKS))
        for track in range(N_TRACKS):
            mine, here = sums[track], to[track]
            steps = {"layers": new_layer, "n": Const(1), "sx": last_x, "sy": last_y, "sxx": xx, "sxy": xy}
            with m.If(grow):
                for name, step in steps.items():
                    kept = Mux(restart, 0, getattr(mine, name))
                    m.d.sync += getattr(mine, name).eq(kept + Mux(here, step, 0))

        group, closed = Signal(_Group), Signal(data.ArrayLayout(_Sums, N_TRACKS))
        full, ended, opening = Signal(), Signal(), Signal()
        next_group, held = Signal(_Group), Signal(_Group)
        m.d.comb += [
            held.plane.eq(next_group.plane),
            held.sector.eq(next_group.sector),
            held.valid.eq(ended | (restart & full & ~is_first)),
            held.last.eq(ended),
            held.full.eq(full),
            held.first.eq(opening),
        ]
        m.d.sync += [group.eq(held), closed.eq(sums), ended.eq(is_last)]
        with m.If(grow):
            m.d.sync += [next_group.plane.eq(plane), next_group.sector.eq(sector)]
        m.d.sync += full.eq(grow | (full & ~ended & ~is_first))
        m.d.sync += opening.eq(is_first | (opening & ~held.valid))
        return group, closed

    def _choose(self, m: Module, taken: Value, anew: Value, y: Value) -> tuple[Value, Value]:
        """(track that the strip joins, one bit each; whether it is that track's first strip in this layer).

        anew: the strip is the first one of its layer.
        """
        p = self._parameters
        in_layer, last_y = Signal(N_TRACKS), [Signal.like(y, name=f"last_y_{track}") for track in range(N_TRACKS)]
        used = Mux(anew, 0, in_layer)
        joins = Signal(N_TRACKS)
        for track in range(N_TRACKS):
            distance = y - last_y[track]
            near = (distance < p.gap_raw) & (distance > -p.gap_raw)
            m.d.comb += joins[track].eq(1 if track == N_TRACKS - 1 else ~used[track] | near)
        chosen = Signal(N_TRACKS)
        m.d.comb += chosen.eq(joins & (-joins)[:N_TRACKS])
        with m.If(taken):
            m.d.sync += in_layer.eq(used | chosen)
            for track in range(N_TRACKS):
                with m.If(chosen[track]):
                    m.d.sync += last_y[track].eq(y)
        return chosen, ~(used & chosen).any()

    def _lines(self, m: Module, sums: data.View) -> Value:
        """Whether any of four tracks is a line that points to the origin, four cycles later."""
        p = self._parameters
        good = []
        for track in range(N_TRACKS):
            mine = sums[track]
            parts = {
                "sxx_sy": mine.sxx * mine.sy,
                "sx_sxy": mine.sx * mine.sxy,
                "n_sxx": mine.n * mine.sxx,
                "sx_sx": mine.sx * mine.sx,
            }
            held = {name: Signal.like(value, name=f"{name}_{track}") for name, value in parts.items()}
            m.d.sync += [held[name].eq(value) for name, value in parts.items()]
            numerator = Signal.like(held["sxx_sy"] - held["sx_sxy"], name=f"numerator_{track}")
            denominator = Signal(held["n_sxx"].shape(), name=f"denominator_{track}")
            m.d.sync += [numerator.eq(held["sxx_sy"] - held["sx_sxy"]), denominator.eq(held["n_sxx"] - held["sx_sx"])]
            size, limit = (
                Signal(len(numerator), name=f"size_{track}"),
                Signal(len(denominator) + LENGTH_BITS, name=f"limit_{track}"),
            )
            m.d.sync += [size.eq(abs(numerator)), limit.eq(denominator * p.intercept_raw)]
            enough = delayed(m, mine.layers >= p.min_layers, 3, f"enough_{track}")
            is_line = Signal(name=f"is_line_{track}")
            m.d.sync += is_line.eq(enough & (size <= limit))
            good.append(is_line)
        return Cat(good).any()

    def _decide(self, m: Module, closed: data.View, has_line: Value) -> None:
        """Planes with a line of the event so far; with its last group the sectors and what follows from them."""
        group = data.View(_Group, delayed(m, closed, 4, "group"))
        planes = [Signal(N_SECTORS, name=f"planes_{plane}") for plane in range(N_PLANES)]
        now = [Mux(group.first, 0, kept) for kept in planes]
        for plane in range(N_PLANES):
            found = group.full & has_line & (group.plane == plane)
            now[plane] = now[plane] | (found << group.sector)[:N_SECTORS]
            with m.If(group.valid):
                m.d.sync += planes[plane].eq(now[plane])
        fired = now[0] & now[1]
        done = Signal()
        m.d.comb += done.eq(group.valid & group.last)
        m.d.sync += self.out_valid.eq(done)
        decide(m, self, fired)


def _width(values) -> int:
    """Bits of a signed number that holds all values."""
    return int(abs(values).max()).bit_length() + 1
