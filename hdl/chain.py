"""The whole decision as one top module: ECL, tracks, KLM, GRL and the menu, each path aligned to the slowest.

Cells, KLM layers and track segments come in; the 2D finder, the neuro trigger and the single-track trigger are inside. Where the
menu's input bits come from is declared in `trigger.menu.wiring`, which the model reads too.
"""

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.frames import N_ADDRESSES, Bank, FrameReceiver
from hdl.cdc.sector import FIRST, PER_SECTOR, Sector
from hdl.cdc.track_trigger import TrackTrigger
from hdl.ecl.beats import N_BEATS as N_ECL_BEATS
from hdl.ecl.beats import N_LANES as N_CELL_LANES
from hdl.ecl.beats import START_BITS, TIME_BITS
from hdl.ecl.trigger import EclTrigger
from hdl.event_memory import N_KEPT, EventMemory
from hdl.grl.beats import FIRST_TRACK_BEAT, FLAG_BEAT, N_BEATS, N_LANES, SEGMENTS_PER_TURN, TURNS_PER_BEAT, Cluster, Flags
from hdl.grl.beats import Track as GrlTrack
from hdl.grl.trigger import GrlTrigger
from hdl.klm import KlmTrigger
from hdl.logic import delayed
from hdl.menu.trigger import MenuTrigger
from trigger.ecl.calibration import ADC_BITS, EclCalibration
from trigger.ecl.thresholds import MAX_CLUSTERS, EclThresholds
from trigger.geometry.cdc import N_SECTORS
from trigger.grl.parameters import N_SUPERLAYERS, GrlParameters
from trigger.klm import N_LAYERS, KlmParameters
from trigger.klm import N_SECTORS as N_KLM_SECTORS
from trigger.menu import Menu
from trigger.menu.condition import positions
from trigger.menu.wiring import BLOCK_FIELDS, VETO_FIELD, SourceBit, fields, is_external, source_bits, wire_of

FIRST_CELL_BEAT = N_SECTORS - N_ECL_BEATS
"""The cells come with the last beats of an event."""
_Clusters = data.StructLayout({"clusters": data.ArrayLayout(Cluster, MAX_CLUSTERS), "fired": N_KLM_SECTORS, "bhabha_veto": 1})


class ChainTrigger(wiring.Component):
    """Decision of every complete event, in domain sync at the system clock.

    Ports:
        in_valid, in_first: a beat is taken when `in_valid`; with `in_first` it opens an event and drops an unfinished one. 32
            beats are an event; gaps are allowed, beats outside an event are ignored. Events must be complete at least
            `INITIATION_INTERVAL` cycles after the one before.
        in_segments: segments of the beat, as for `TrackTrigger`.
        in_adc, in_time, in_start: cells in beats FIRST_CELL_BEAT .. 31, as for `EclTrigger`.
        in_layers: KLM layers, as for `KlmTrigger`; in_veto: injection veto; in_external: input bits of the menu that no block in
            here answers, at their positions. All three are taken with the last beat.
        out_valid: `LATENCY` cycles after the last beat, for one cycle. out_input_bits, out_ftdl, out_psnm, out_l1: then.
    """

    INITIATION_INTERVAL = TrackTrigger.INITIATION_INTERVAL

    def __init__(
        self,
        menu: Menu,
        period_name: str,
        tracks: TrackTrigger,
        *,
        thresholds: EclThresholds,
        calibration: EclCalibration | None = None,
        klm: KlmParameters | None = None,
        grl: GrlParameters | None = None,
    ) -> None:
        self._menu, self._tracks = menu, tracks
        self._ecl = EclTrigger(thresholds=thresholds, calibration=calibration)
        self._klm, self._grl = KlmTrigger(klm), GrlTrigger(grl)
        self._decide = MenuTrigger(menu, period_name)
        self.LATENCY = tracks.LATENCY + tracks.N_PLACES - 1 + GrlTrigger.LATENCY + MenuTrigger.LATENCY
        self._ready = ready(self.LATENCY)
        super().__init__(
            {
                "in_valid": In(1),
                "in_first": In(1),
                "in_segments": In(Sector),
                "in_adc": In(ADC_BITS * N_CELL_LANES),
                "in_time": In(TIME_BITS * N_CELL_LANES),
                "in_start": In(Shape(START_BITS, signed=True)),
                "in_layers": In(N_KLM_SECTORS * N_LAYERS),
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
        assert self._ready["grl"] < (N_KEPT - 1) * self.INITIATION_INTERVAL, "an event is decided before its place is needed"
        m = Module()
        ecl, klm, menu = self._ecl, self._klm, self._decide
        parts = {"ecl": ecl, "tracks": self._tracks, "klm": klm, "grl": self._grl, "menu": menu}
        for name, part in parts.items():
            m.submodules[name] = part
        m.submodules.receiver = receiver = FrameReceiver()
        m.d.comb += [
            receiver.in_valid.eq(self.in_valid),
            receiver.in_first.eq(self.in_first),
            self._tracks.in_valid.eq(self.in_valid),
            self._tracks.in_first.eq(self.in_first),
            self._tracks.in_segments.eq(self.in_segments),
            ecl.in_valid.eq(receiver.taken & (receiver.address.sector >= FIRST_CELL_BEAT)),
            ecl.in_first.eq(receiver.address.sector == FIRST_CELL_BEAT),
            *(getattr(ecl, name).eq(getattr(self, name)) for name in ("in_adc", "in_time", "in_start")),
            klm.in_valid.eq(receiver.complete),
            klm.in_layers.eq(self.in_layers),
        ]
        self._feed_grl(m, receiver)
        last = self._tracks.out_valid & self._tracks.out_last
        asked = delayed(m, last, GrlTrigger.LATENCY - 1, "asked")
        external, answers = self._kept(m, "external", receiver.complete, self.in_external, asked), self._aligned(m, receiver, asked)
        m.d.comb += menu.in_valid.eq(self._grl.out_valid)
        for item in self._menu.inputs:
            for position, source in zip(item.bits, source_bits(item) or (None,) * len(item.bits), strict=True):
                if is_external(item):
                    m.d.comb += menu.in_bits[position].eq(external[position])
                else:
                    m.d.comb += menu.in_bits[position].eq(Const(0, 1) if source is None else answers[source])
        m.d.comb += [
            self.out_valid.eq(menu.out_valid),
            self.out_input_bits.eq(delayed(m, menu.in_bits, MenuTrigger.LATENCY, "input_bits")),
            self.out_ftdl.eq(menu.out_ftdl),
            self.out_psnm.eq(menu.out_psnm),
            self.out_l1.eq(menu.out_l1),
        ]
        return m

    def _kept(self, m: Module, name: str, put: Value, answer: Value, asked: Value) -> Value:
        """An answer that was there with `put`, from the cycle after `asked` on."""
        m.submodules[f"kept_{name}"] = memory = EventMemory(len(answer))
        m.d.comb += [memory.put.eq(put), memory.answer.eq(answer), memory.next.eq(asked)]
        return memory.shown

    def _feed_grl(self, m: Module, receiver: FrameReceiver) -> None:
        """Beats of the GRL: clusters, KLM sectors and flags before the first place, then two places at a time."""
        assert self._tracks.N_PLACES == N_LANES * (N_BEATS - FIRST_TRACK_BEAT), "the GRL takes as many tracks as there are places"
        tracks, grl = self._tracks, self._grl
        places = range(tracks.LEAD, tracks.LEAD + tracks.N_PLACES)
        begins, step, following = tracks.out_begins, Signal(range(places.stop)), Signal(range(places.stop))
        m.d.comb += step.eq(Mux(begins, 0, following))
        with m.If(begins | (following != 0)):
            m.d.sync += following.eq(Mux(step == places.stop - 1, 0, step + 1))
        before = (step >= places.start - FIRST_TRACK_BEAT) & (step < places.start)
        pair = (step >= places.start) & ((step - places.start)[0] == N_LANES - 1)
        beat = Signal(range(N_BEATS))
        m.d.comb += [grl.in_valid.eq(before | pair), grl.in_first.eq(beat == 0)]
        with m.If(begins):
            m.d.sync += beat.eq(0)
        with m.Elif(grl.in_valid):
            m.d.sync += beat.eq(beat + 1)
        next_beat = Signal.like(beat)
        m.d.comb += next_beat.eq(Mux(begins, 0, beat + grl.in_valid))
        m.d.comb += grl.in_segments.eq(self._grl_segments(m, receiver, next_beat))

        current, previous = Signal(GrlTrack), Signal(GrlTrack)
        m.d.comb += [
            current.valid.eq(tracks.out_valid & tracks.out_has_track),
            current.is_3d.eq(tracks.out_has_expert),
            *(getattr(current, name).eq(getattr(tracks, f"out_{name}")) for name in ("phi", "omega", "theta")),
        ]
        m.d.sync += previous.eq(current)
        decided, flags = self._decided(m), Signal(Flags)
        m.d.comb += [flags.bhabha_veto.eq(decided.bhabha_veto), flags.track_overflow.eq(tracks.out_overflow)]
        for lane, track in enumerate((previous, current)):
            with m.Switch(beat):
                for number in range(FLAG_BEAT):
                    with m.Case(number):
                        m.d.comb += grl.in_slots[lane].eq(decided.clusters[N_LANES * number + lane].as_value())
                with m.Case(FLAG_BEAT):
                    m.d.comb += grl.in_slots[lane].eq(flags.as_value() if lane else decided.fired)
                with m.Default():
                    m.d.comb += grl.in_slots[lane].eq(track.as_value())

    def _decided(self, m: Module) -> data.View:
        """Clusters, KLM sectors and Bhabha veto of the event whose tracks come next."""
        ecl, begins, answer = self._ecl, self._tracks.out_begins, Signal(_Clusters)
        for k in range(MAX_CLUSTERS):
            cluster = answer.clusters[k]
            m.d.comb += cluster.tc.eq(ecl.out_ecl_cluster_tc.word_select(k, fields()["ecl_cluster_tc"].width))
            m.d.comb += cluster.adc.eq(ecl.out_ecl_cluster_adc.word_select(k, fields()["ecl_cluster_adc"].width))
        fired = delayed(m, self._klm.out_klm_fired, EclTrigger.LATENCY - KlmTrigger.LATENCY, "klm_fired")
        m.d.comb += [answer.fired.eq(fired), answer.bhabha_veto.eq(ecl.out_ecl_bhabha3d_veto)]
        return data.View(_Clusters, self._kept(m, "clusters", ecl.out_valid, answer.as_value(), begins))

    def _grl_segments(self, m: Module, receiver: FrameReceiver, next_beat: Value) -> Value:
        """Hits of the inner superlayers in the turns of a beat of the GRL, one cycle after its number."""
        assert sum(PER_SECTOR[:N_SUPERLAYERS]) == SEGMENTS_PER_TURN, "the GRL takes all segments of its superlayers"
        hits = Cat(self.in_segments[k].priority != 0 for k in range(FIRST[N_SUPERLAYERS]))
        begins, frame, following = self._tracks.out_begins, Signal(Bank), Signal(Bank)
        with m.If(begins):
            m.d.sync += [frame.eq(following), following.eq(following + 1)]
        turn_bits = (TURNS_PER_BEAT - 1).bit_length()
        turns = []
        for turn in range(TURNS_PER_BEAT):
            memory = Memory(shape=SEGMENTS_PER_TURN, depth=N_ADDRESSES // TURNS_PER_BEAT, init=[])
            m.submodules[f"turns_{turn}"] = memory
            write, read = memory.write_port(), memory.read_port()
            m.d.comb += [
                write.en.eq(receiver.taken & (receiver.address.sector[:turn_bits] == turn)),
                write.addr.eq(receiver.address.as_value()[turn_bits:]),
                write.data.eq(hits),
                read.en.eq(1),
                read.addr.eq(Cat(next_beat, Mux(begins, following, frame))),
            ]
            turns.append(read.data)
        return Cat(turns)

    def _aligned(self, m: Module, receiver: FrameReceiver, asked: Value) -> dict[SourceBit, Value]:
        """Bits of decision fields that the menu reads, when the GRL has answered; asked: one cycle before."""
        of_tracks = {f"grl_{name}": getattr(self._tracks, f"out_{name}") for name in ("t2", "ty", "typ", "t3")}
        answers: dict[str, Mapping[str, Value]] = {"tracks": of_tracks}
        for block, component in (("ecl", self._ecl), ("klm", self._klm), ("grl", self._grl)):
            answers[block] = {field.name: getattr(component, f"out_{field.name}") for field in BLOCK_FIELDS[block]}
        read = sorted({source for item in self._menu.inputs for source in source_bits(item) or () if source is not None})
        aligned: dict[SourceBit, Value] = {}
        for block, values in answers.items():
            wanted = [source for source in read if source.field in values]
            bits = Cat(values[s.field][s.element * fields()[s.field].width + s.bit] for s in wanted)
            if block in ("ecl", "klm") and wanted:
                put = delayed(m, receiver.complete, self._ready[block], f"{block}_ready")
                bits = self._kept(m, block, put, bits, asked)
            else:
                bits = delayed(m, bits, self._ready["grl"] - self._ready[block], f"{block}_bits")
            aligned |= {source: bits[place] for place, source in enumerate(wanted)}
        veto = self._kept(m, "veto", receiver.complete, self.in_veto, asked)
        return aligned | {source: veto for source in read if source.field == VETO_FIELD}


def ready(latency: int) -> dict[str, int]:
    """Cycles after the last beat at which the answer of each block is there; the menu waits for the last one.

    latency: of the chain, which depends on the network of its tracks.
    """
    decided = latency - MenuTrigger.LATENCY
    tracks = decided - GrlTrigger.LATENCY
    return {"ecl": EclTrigger.LATENCY, "klm": KlmTrigger.LATENCY, "tracks": tracks, "grl": decided}


def line_latency(menu: Menu, latency: int) -> dict[str, int]:
    """Cycles after the last beat at which each line would be decided if it waited for its own blocks alone, prescale included.

    The module answers all lines together, `latency` cycles after the last beat. 0 cycles for vetoes and external bits.
    """
    block_of = {field.name: block for block, declared in BLOCK_FIELDS.items() for field in declared}
    of_block, of_bit = ready(latency), dict[int, int]()
    for item in menu.inputs:
        wire = wire_of(item)
        block = None if wire is None or is_external(item) else block_of.get(wire.field)
        of_bit |= dict.fromkeys(item.bits, 0 if block is None else of_block[block])
    return {
        line.name: max((of_bit[position] for position in positions(line.condition)), default=0) + MenuTrigger.LATENCY
        for line in menu.lines
    }
