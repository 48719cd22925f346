"""How the wires of a data clock reach the clocked segment finder, and what it keeps of each wire.

The finder of a superlayer is eight units side by side, an octant each. A data clock is four beats, one sector of 1/32 turn each. A
beat has the cells of all wires that the sector's segments depend on, those beside the sector too (the front end sends them to both
sectors), layer after layer of the five that segments use, from the inside: whether the wire was hit in this data clock, and the
time of its first hit from the beginning of the clock.
"""

from dataclasses import dataclass

from amaranth.lib import data

from hdl.cdc.hough.layout import CYCLES_PER_CLOCK
from hdl.cdc.segments.layout import Layout
from trigger.cdc.segments.shapes import N_SEGMENT_LAYERS
from trigger.cdc.segments.stream_kernels import WINDOW_CLOCKS
from trigger.cdc.segments.word import N_QUADRANTS, TICK_BITS
from trigger.geometry.cdc import N_SECTORS

SECTORS_PER_OCTANT = CYCLES_PER_CLOCK
N_OCTANTS = N_SECTORS // SECTORS_PER_OCTANT
TickCell = data.StructLayout({"hit": 1, "tick": TICK_BITS})
ORDER_BITS = WINDOW_CLOCKS.bit_length()
WireState = data.StructLayout({"hit": 1, "time": TICK_BITS + ORDER_BITS, "left": 1})
"""Whether the wire has a hit in the window; time of the first one from the window's beginning, 0 without a hit and in layers
without priority wires; whether a hit left the window with this data clock."""


@dataclass(frozen=True)
class StreamLayout(Layout):
    """Numbers of an octant of a superlayer; ValueError if there is no such superlayer or octant."""

    octant: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.octant < N_OCTANTS:
            msg = f"octant must be 0..{N_OCTANTS - 1}, not {self.octant}"
            raise ValueError(msg)

    @property
    def per_beat(self) -> int:
        """Wires of each layer in a beat, from the first one that the sector's segments reach."""
        return self.before + self.per_sector + self.behind

    @property
    def cells(self) -> data.ArrayLayout:
        """The cells of a beat."""
        return data.ArrayLayout(data.ArrayLayout(TickCell, self.per_beat), N_SEGMENT_LAYERS)

    @property
    def states(self) -> data.ArrayLayout:
        """The states of a beat's wires."""
        return data.ArrayLayout(data.ArrayLayout(WireState, self.per_beat), N_SEGMENT_LAYERS)

    @property
    def timed_layers(self) -> tuple[int, int]:
        """Layers of the first-priority wire and of the second ones."""
        return self.shape.layer_of_bit[self.shape.first], self.shape.layer_of_bit[self.shape.second_right]

    @property
    def first_ids(self) -> list[int]:
        """Local id of each sector's first segment."""
        first_sector = SECTORS_PER_OCTANT * self.octant % (N_SECTORS // N_QUADRANTS)
        return [self.local_shift + (first_sector + sector) * self.per_sector for sector in range(SECTORS_PER_OCTANT)]
