"""The whole decision as one top module: ECL, KLM, GRL, counts of tracks and the menu, each path delayed to the slowest.

Tracks enter as the 2D finder and the neuro trigger answer them; those two run in modules of their own. Where the menu's input bits
come from is declared in `trigger.menu.wiring`, which the model reads too.
"""

from collections.abc import Mapping
from typing import ClassVar

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.single_track import SingleTrackTrigger
from hdl.cdc.track_counts import FitterCount
from hdl.ecl.beats import N_BEATS as N_ECL_BEATS
from hdl.ecl.beats import N_LANES as N_CELL_LANES
from hdl.ecl.beats import START_BITS, TIME_BITS
from hdl.ecl.trigger import EclTrigger
from hdl.fixed import shape
from hdl.grl.beats import FIRST_TRACK_BEAT, FLAG_BEAT, N_BEATS, N_LANES, SEGMENT_BITS, BeatCounter, Cluster, Flags
from hdl.grl.beats import Track as GrlTrack
from hdl.grl.trigger import GrlTrigger
from hdl.klm import KlmTrigger
from hdl.logic import delayed
from hdl.menu.trigger import MenuTrigger
from trigger.cdc.neuro.formats import NODE
from trigger.cdc.track_counts import FitterCuts
from trigger.ecl.calibration import ADC_BITS, EclCalibration
from trigger.ecl.thresholds import MAX_CLUSTERS, EclThresholds
from trigger.grl.parameters import GrlParameters
from trigger.klm import N_LAYERS, N_SECTORS, KlmParameters
from trigger.menu import Menu
from trigger.menu.condition import positions
from trigger.menu.wiring import BLOCK_FIELDS, VETO_FIELD, SourceBit, fields, source_bits, wire_of

Track = data.StructLayout(
    {
        "valid": 1,
        "answered": 1,
        "phi": GrlTrack["phi"].shape,
        "omega": GrlTrack["omega"].shape,
        "z": shape(NODE),
        "theta": shape(NODE),
    }
)
"""A 2D track with what the neuro trigger answers; answered: 0 = no network had an answer."""
_STORED = data.StructLayout({"segments": SEGMENT_BITS, "tracks": data.ArrayLayout(Track, N_LANES)})
N_SLOTS = 8
"""Events that can wait for the ECL decision. Our choice: a power of two above those that can arrive meanwhile."""


class ChainTrigger(wiring.Component):
    """Decision of every complete event, in domain sync at the system clock; a new event every 16 cycles.

    Ports:
        in_valid, in_first: a beat is taken when `in_valid`; with `in_first` it opens an event and drops an unfinished one. 16
            beats are an event; gaps are allowed, beats outside an event are ignored.
        in_adc, in_time, in_start: cells of the beat, as for `EclTrigger`.
        in_segments: segments of the beat, in_tracks: two tracks in beats FIRST_TRACK_BEAT .. 15, as for `GrlTrigger`.
        in_layers: KLM layers, as for `KlmTrigger`; in_veto: injection veto; in_external: input bits of the menu that no block
            models, at their positions. All three are taken with the last beat.
        out_valid: `LATENCY` cycles after the last beat, for one cycle. out_input_bits, out_ftdl, out_psnm, out_l1: then.
    """

    INITIATION_INTERVAL = N_BEATS
    _GRL_DONE = EclTrigger.LATENCY + N_BEATS + GrlTrigger.LATENCY
    LATENCY = _GRL_DONE + MenuTrigger.LATENCY
    READY: ClassVar[Mapping[str, int]] = {
        "ecl": EclTrigger.LATENCY,
        "klm": KlmTrigger.LATENCY,
        "tracks": EclTrigger.LATENCY + N_BEATS + SingleTrackTrigger.LATENCY,
        "grl": _GRL_DONE,
    }
    """Cycles after the last beat at which the answer of each block is there; the menu waits for the last one."""

    def __init__(
        self,
        menu: Menu,
        period_name: str,
        *,
        thresholds: EclThresholds,
        calibration: EclCalibration | None = None,
        klm: KlmParameters | None = None,
        grl: GrlParameters | None = None,
        fitter: FitterCuts | None = None,
    ) -> None:
        self._menu = menu
        self._ecl = EclTrigger(thresholds=thresholds, calibration=calibration)
        self._klm, self._grl, self._fitter = KlmTrigger(klm), GrlTrigger(grl), FitterCount(fitter or FitterCuts())
        self._single = SingleTrackTrigger()
        self._decide = MenuTrigger(menu, period_name)
        super().__init__(
            {
                "in_valid": In(1),
                "in_first": In(1),
                "in_adc": In(ADC_BITS * N_CELL_LANES),
                "in_time": In(TIME_BITS * N_CELL_LANES),
                "in_start": In(Shape(START_BITS, signed=True)),
                "in_segments": In(SEGMENT_BITS),
                "in_tracks": In(data.ArrayLayout(Track, N_LANES)),
                "in_layers": In(N_SECTORS * N_LAYERS),
                "in_veto": In(1),
                "in_external": In(menu.n_inputs),
                "out_valid": Out(1),
                "out_input_bits": Out(menu.n_inputs),
                "out_ftdl": Out(len(menu.lines)),
                "out_psnm": Out(len(menu.lines)),
                "out_l1": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        assert N_BEATS == N_ECL_BEATS, "the ECL and the GRL take an event in the same number of beats"
        m = Module()
        m.submodules.ecl = self._ecl
        m.submodules.klm = self._klm
        m.submodules.grl = self._grl
        m.submodules.single = self._single
        m.submodules.fitter = self._fitter
        m.submodules.menu = menu = self._decide
        m.submodules.counter = counter = BeatCounter()
        for name in ("in_valid", "in_first", "in_adc", "in_time", "in_start"):
            m.d.comb += getattr(self._ecl, name).eq(getattr(self, name))
        complete = Signal()
        m.d.comb += [
            counter.in_valid.eq(self.in_valid),
            counter.in_first.eq(self.in_first),
            complete.eq(counter.taken & (counter.beat == N_BEATS - 1)),
            self._klm.in_valid.eq(complete),
            self._klm.in_layers.eq(self.in_layers),
        ]
        valid, beat, stored = self._replayed(m, counter, complete)
        self._feed_grl(m, valid, beat, stored)
        self._feed_counts(m, valid, beat, stored)
        m.d.comb += menu.in_valid.eq(self._grl.out_valid)
        external, answers = delayed(m, self.in_external, self._GRL_DONE, "external"), self._aligned(m)
        for item in self._menu.inputs:
            for position, source in zip(item.bits, source_bits(item) or (None,) * len(item.bits), strict=True):
                unwired = external[position] if wire_of(item) is None else Const(0, 1)
                m.d.comb += menu.in_bits[position].eq(unwired if source is None else answers[source])
        m.d.comb += [
            self.out_valid.eq(menu.out_valid),
            self.out_input_bits.eq(delayed(m, menu.in_bits, MenuTrigger.LATENCY, "input_bits")),
            self.out_ftdl.eq(menu.out_ftdl),
            self.out_psnm.eq(menu.out_psnm),
            self.out_l1.eq(menu.out_l1),
        ]
        return m

    def _replayed(self, m: Module, counter: BeatCounter, complete: Value) -> tuple[Value, Value, data.View]:
        """Segments and tracks of the event that the ECL has decided: (valid, number of the beat, its contents), beat after beat.

        Beats are kept in memory until then; the first comes one cycle after the ECL decision.
        """
        m.submodules.waiting = memory = Memory(shape=_STORED, depth=N_SLOTS * N_BEATS, init=[])
        write, read = memory.write_port(), memory.read_port()
        into, out, beat, following = Signal(range(N_SLOTS)), Signal(range(N_SLOTS)), Signal(range(N_BEATS)), Signal(range(N_BEATS))
        going, running = Signal(), Signal()
        m.d.comb += [
            write.en.eq(counter.taken),
            write.addr.eq(Cat(counter.beat, into)),
            write.data.segments.eq(self.in_segments),
            write.data.tracks.eq(self.in_tracks),
            going.eq(self._ecl.out_valid | running),
            beat.eq(Mux(self._ecl.out_valid, 0, following)),
            read.addr.eq(Cat(beat, out)),
            read.en.eq(1),
        ]
        with m.If(complete):
            m.d.sync += into.eq(into + 1)
        with m.If(going):
            m.d.sync += [following.eq(beat + 1), running.eq(beat != N_BEATS - 1)]
            with m.If(beat == N_BEATS - 1):
                m.d.sync += out.eq(out + 1)
        return delayed(m, going, 1, "replay_valid"), delayed(m, beat, 1, "replay_beat"), read.data

    def _feed_grl(self, m: Module, valid: Value, beat: Value, stored: data.View) -> None:
        """Beats of the GRL: clusters, KLM sectors and flags of the decisions, then tracks."""
        ecl, grl = self._ecl, self._grl
        clusters = [Signal(Cluster, name=f"cluster_{k}") for k in range(MAX_CLUSTERS)]
        fired, flags = Signal(N_SECTORS), Signal(Flags)
        klm_fired = delayed(m, self._klm.out_klm_fired, EclTrigger.LATENCY - KlmTrigger.LATENCY, "klm_fired")
        with m.If(ecl.out_valid):
            m.d.sync += [fired.eq(klm_fired), flags.bhabha_veto.eq(ecl.out_ecl_bhabha3d_veto)]
            for k, cluster in enumerate(clusters):
                m.d.sync += cluster.tc.eq(ecl.out_ecl_cluster_tc.word_select(k, fields()["ecl_cluster_tc"].width))
                m.d.sync += cluster.adc.eq(ecl.out_ecl_cluster_adc.word_select(k, fields()["ecl_cluster_adc"].width))
        m.d.comb += [grl.in_valid.eq(valid), grl.in_first.eq(beat == 0), grl.in_segments.eq(stored.segments)]
        for lane in range(N_LANES):
            given, track = stored.tracks[lane], Signal(GrlTrack, name=f"grl_track_{lane}")
            m.d.comb += [getattr(track, name).eq(getattr(given, name)) for name in ("valid", "phi", "omega", "theta")]
            m.d.comb += track.is_3d.eq(given.answered)
            with m.Switch(beat):
                for number in range(FLAG_BEAT):
                    with m.Case(number):
                        m.d.comb += grl.in_slots[lane].eq(clusters[N_LANES * number + lane].as_value())
                with m.Case(FLAG_BEAT):
                    m.d.comb += grl.in_slots[lane].eq(flags.as_value() if lane else fired)
                with m.Default():
                    m.d.comb += grl.in_slots[lane].eq(track.as_value())

    def _feed_counts(self, m: Module, valid: Value, beat: Value, stored: data.View) -> None:
        """Beats of tracks to the single-track trigger and to the count that stands for the 3D fitter."""
        for counting in (self._single, self._fitter):
            m.d.comb += [
                counting.in_valid.eq(valid & (beat >= FIRST_TRACK_BEAT)),
                counting.in_last.eq(beat == N_BEATS - 1),
            ]
            for lane in range(N_LANES):
                track, given = counting.in_tracks[lane], stored.tracks[lane]
                m.d.comb += [getattr(track, name).eq(getattr(given, name)) for name in ("answered", "omega", "z", "theta")]
                m.d.comb += track.is_there.eq(given.valid)

    def _aligned(self, m: Module) -> dict[SourceBit, Value]:
        """Bits of decision fields that the menu reads, when the GRL has answered."""
        counts = {"grl_t2": self._single.out_t2, "grl_ty": self._single.out_ty, "grl_typ": self._single.out_typ}
        answers = {"tracks": counts | {"grl_t3": self._fitter.out_t3}}
        for block, component in (("ecl", self._ecl), ("klm", self._klm), ("grl", self._grl)):
            answers[block] = {field.name: getattr(component, f"out_{field.name}") for field in BLOCK_FIELDS[block]}
        read = sorted({source for item in self._menu.inputs for source in source_bits(item) or () if source is not None})
        aligned: dict[SourceBit, Value] = {}
        for block, values in answers.items():
            wanted = [source for source in read if source.field in values]
            bits = Cat(values[s.field][s.element * fields()[s.field].width + s.bit] for s in wanted)
            late = delayed(m, bits, self._GRL_DONE - self.READY[block], f"{block}_bits")
            aligned |= {source: late[place] for place, source in enumerate(wanted)}
        veto = delayed(m, self.in_veto, self._GRL_DONE, "veto")
        return aligned | {source: veto for source in read if source.field == VETO_FIELD}


def line_latency(menu: Menu) -> dict[str, int]:
    """Cycles after the last beat at which each line would be decided if it waited for its own blocks alone, prescale included.

    The module answers all lines together, `ChainTrigger.LATENCY` cycles after the last beat. 0 cycles for vetoes and external bits.
    """
    block_of = {field.name: block for block, declared in BLOCK_FIELDS.items() for field in declared}
    ready: dict[int, int] = {}
    for item in menu.inputs:
        wire = wire_of(item)
        block = None if wire is None else block_of.get(wire.field)
        ready |= dict.fromkeys(item.bits, 0 if block is None else ChainTrigger.READY[block])
    return {
        line.name: max((ready[position] for position in positions(line.condition)), default=0) + MenuTrigger.LATENCY
        for line in menu.lines
    }
