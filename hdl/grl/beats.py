"""How an event reaches the GRL: 16 beats, each with two 1/32 turns of segments and two slots.

Beat b has the segments of turns 2 b and 2 b + 1, superlayers 0-4 one after the other. Slots hold clusters in beats 0-2, the KLM and
flags in beat 3, full tracks in beats 4-15; any slot may be empty.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from trigger.cdc.neuro.formats import NODE
from trigger.ecl.layout import DECISION_FIELDS
from trigger.ecl.thresholds import MAX_CLUSTERS
from trigger.geometry.cdc import N_SECTORS as N_TURNS
from trigger.geometry.ecl import N_CELLS
from trigger.grl.parameters import MAX_TRACKS, SECTORS_OF_SEGMENT
from trigger.grl.tables import MAX_OMEGA, N_PHI
from trigger.klm import N_SECTORS as N_KLM_SECTORS

N_BEATS = 16
"""One ECL clock of 7.95 MHz in cycles of the 127.216 MHz system clock."""
TURNS_PER_BEAT = N_TURNS // N_BEATS
SEGMENTS_PER_TURN = sum(len(places) for places in SECTORS_OF_SEGMENT)
SEGMENT_BITS = TURNS_PER_BEAT * SEGMENTS_PER_TURN
SECTORS_PER_BEAT = 2 * TURNS_PER_BEAT
N_LANES = 2
"""Slots per beat."""
FIRST_CLUSTER_BEAT = 0
FLAG_BEAT = MAX_CLUSTERS // N_LANES
FIRST_TRACK_BEAT = N_BEATS - MAX_TRACKS // N_LANES

ADC_BITS = next(field.width for field in DECISION_FIELDS if field.name == "ecl_cluster_adc")

Track = data.StructLayout(
    {"valid": 1, "is_3d": 1, "phi": range(N_PHI), "omega": signed(MAX_OMEGA.bit_length() + 1), "theta": signed(NODE.width)}
)
"""Slot of beats 4-15: raw fields of a track."""
Cluster = data.StructLayout({"tc": range(N_CELLS + 1), "adc": ADC_BITS})
"""Slot of beats 0-2; tc 0 = empty."""
Flags = data.StructLayout({"bhabha_veto": 1, "track_overflow": 1})
"""Slot 1 of beat 3; slot 0 has the fired KLM sectors, sector 0 lowest."""
SLOT_BITS = max(Track.size, Cluster.size, Flags.size, N_KLM_SECTORS)


class BeatCounter(wiring.Component):
    """Number of each beat of an open event, in the same cycle.

    A beat counts if `in_valid`; `in_first` opens an event in any state and drops an unfinished one; beats outside are ignored.
    """

    def __init__(self) -> None:
        super().__init__({"in_valid": In(1), "in_first": In(1), "taken": Out(1), "beat": Out(range(N_BEATS))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        is_open, expected = Signal(), Signal(range(N_BEATS))
        m.d.comb += [self.taken.eq(self.in_valid & (self.in_first | is_open)), self.beat.eq(Mux(self.in_first, 0, expected))]
        with m.If(self.taken):
            m.d.sync += [is_open.eq(self.beat != N_BEATS - 1), expected.eq(self.beat + 1)]
        return m
