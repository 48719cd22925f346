"""The single-track trigger: momentum, single-track and y decision of neuro tracks, and the counts of each event.

Ref: basf2 trg/grl TRGGRLProjectsModule.cc (read in public source).
"""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory, ReadPort
from amaranth.lib.wiring import In, Out

from hdl.cdc.block_memory import PORTS_PER_MEMORY
from hdl.fixed import shape
from hdl.logic import add, delayed
from trigger.cdc import single_track
from trigger.cdc.hough.plane import N_QUADRANTS, HoughPlane
from trigger.cdc.neuro.formats import NODE, NODE_ONE
from trigger.cdc.single_track import N_COUNTS


def track_layout(plane: HoughPlane) -> data.StructLayout:
    """A track of one quadrant: whether there is one, whether a network answered, curvature in half cells, z and theta."""
    omega = Shape.cast(range(1 - plane.n_omega, plane.n_omega))
    return data.StructLayout({"is_there": 1, "answered": 1, "omega": omega, "z": shape(NODE), "theta": shape(NODE)})


class SingleTrackTrigger(wiring.Component):
    """Decisions on the tracks of events, one track per quadrant and beat; domain sync at the system clock.

    Ports:
        in_valid: a beat is taken. in_last: it is the last one of its event; every event has at least one.
        in_tracks: quadrant after quadrant.
        out_valid: one cycle per beat, `LATENCY` cycles after it. The rest means something with it only.
        out_p: momentum in 0.1 GeV steps. out_stt, out_y: decisions. Quadrant after quadrant, 0 without a track.
        out_last: the event is complete. out_t2, out_ty: one-hot counts of 2D tracks and y tracks: 1, 2, 3, more. out_typ: there
            is a single track. Counts are 0 before the last beat.
    """

    LATENCY = 2
    INITIATION_INTERVAL = 1

    def __init__(self, trigger: single_track.SingleTrackTrigger | None = None) -> None:
        self.trigger = trigger or single_track.SingleTrackTrigger()
        self._p_bits = int(self.trigger.momentum_table.max()).bit_length()
        super().__init__(
            {
                "in_valid": In(1),
                "in_last": In(1),
                "in_tracks": In(data.ArrayLayout(track_layout(self.trigger.plane), N_QUADRANTS)),
                "out_valid": Out(1),
                "out_p": Out(N_QUADRANTS * self._p_bits),
                "out_stt": Out(N_QUADRANTS),
                "out_y": Out(N_QUADRANTS),
                "out_last": Out(1),
                "out_t2": Out(N_COUNTS),
                "out_ty": Out(N_COUNTS),
                "out_typ": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valid, last = delayed(m, self.in_valid, 1, "valid"), delayed(m, self.in_last, 1, "last")
        is_there, is_y, near = (Signal(N_QUADRANTS, name=name) for name in ("is_there", "is_y", "near"))
        ports = self._momentum_ports(m)
        momenta = [data.View(self._entry, port.data) for port in ports]
        for k, (track, port) in enumerate(zip(self.in_tracks, ports, strict=True)):
            step, omega = (
                Signal(range(self._n_steps), name=f"step_{k}"),
                Signal(range(self.trigger.plane.n_omega), name=f"omega_{k}"),
            )
            answered = track.is_there & track.answered
            m.d.sync += [
                step.eq(self._theta_step(track.theta)),
                omega.eq(abs(track.omega)),
                is_there[k].eq(track.is_there),
                is_y[k].eq(answered & _within(track.z, self.trigger.z_y_raw)),
                near[k].eq(answered & _within(track.z, self.trigger.z_stt_raw)),
            ]
            m.d.comb += port.addr.eq(Cat(step, omega))
        shown = delayed(m, is_there, 1, "shown")
        out_valid, out_last, late_near = (
            delayed(m, one, 1, f"out_{name}") for name, one in (("valid", valid), ("last", last), ("near", near))
        )
        any_before, typ = (Signal(name=name) for name in ("any_before", "typ"))
        with m.If(out_valid):
            m.d.sync += any_before.eq(~out_last & typ)
        m.d.comb += [
            self.out_valid.eq(out_valid),
            self.out_last.eq(out_last),
            self.out_p.eq(Cat(Mux(shown[k], entry.p, 0) for k, entry in enumerate(momenta))),
            self.out_stt.eq(Cat(late_near[k] & entry.is_high for k, entry in enumerate(momenta))),
            self.out_y.eq(delayed(m, is_y, 1, "out_y")),
            self.out_t2.eq(self._count(m, is_there, valid, last, "t2")),
            self.out_ty.eq(self._count(m, is_y, valid, last, "ty")),
            typ.eq(any_before | self.out_stt.any()),
            self.out_typ.eq(out_last & typ),
        ]
        return m

    @property
    def _n_steps(self) -> int:
        return self.trigger.momentum_table.shape[1]

    @property
    def _entry(self) -> data.StructLayout:
        return data.StructLayout({"p": self._p_bits, "is_high": 1})

    def _momentum_ports(self, m: Module) -> list[ReadPort]:
        """A read port per quadrant on the table of momenta; address: step of the angle, then curvature."""
        n_columns = 1 << (self._n_steps - 1).bit_length()
        table = np.zeros((self.trigger.plane.n_omega, n_columns), np.int64)
        table[:, : self._n_steps] = self.trigger.momentum_table
        above = self.trigger.cuts.p_above_raw
        entries = [{"p": p, "is_high": int(p > above)} for p in table.ravel().tolist()]
        ports = []
        for k in range(N_QUADRANTS):
            if k % PORTS_PER_MEMORY == 0:
                memory = Memory(shape=self._entry, depth=len(entries), init=entries)
                m.submodules[f"momentum_{k}"] = memory
            port = memory.read_port()
            m.d.comb += port.en.eq(1)
            ports.append(port)
        return ports

    def _theta_step(self, theta: Value) -> Value:
        """Step of the polar angle: it rises to 90 degrees and falls beyond, so each step is reached between two angles."""
        steps = self.trigger.theta_steps
        reached = []
        for step in range(1, self._n_steps):
            at = np.flatnonzero(steps >= step) - NODE_ONE
            reached.append((theta >= int(at[0])) & (theta <= int(at[-1])))
        return add(reached)

    def _count(self, m: Module, flags: Value, valid: Value, last: Value, name: str) -> Value:
        """One-hot count of an event up to its last beat, one cycle later."""
        before, total = Signal(range(N_COUNTS + 1), name=f"{name}_before"), Signal(range(N_COUNTS + 1), name=f"{name}_total")
        now = add(list(flags)) + before
        shown = Signal(N_COUNTS, name=f"{name}_shown")
        m.d.comb += total.eq(Mux(now > N_COUNTS, N_COUNTS, now))
        with m.If(valid):
            m.d.sync += before.eq(Mux(last, 0, total))
        m.d.sync += shown.eq(Cat(last & (total == k) for k in range(1, N_COUNTS + 1)))
        return shown


def _within(z: Value, largest: int) -> Value:
    """Whether |z| is at most `largest`."""
    return (z >= -largest) & (z <= largest)
