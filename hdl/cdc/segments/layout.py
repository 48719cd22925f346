"""How a frame of wire hits reaches the segment finder of a superlayer, and how its words look.

A frame is 16 data clocks long. It comes in 32 beats, one sector of 1/32 turn each, from wire 0 on. A beat has the cells of the
sector's wires, layer after layer of the five that segments use, from the inside: whether the wire was hit in the frame, and the
time of its first hit from the start of the frame.
"""

from dataclasses import dataclass

from amaranth.lib import data

from hdl.cdc.hough.layout import CLOCKS_PER_FRAME
from trigger.cdc.segments.shapes import N_SEGMENT_LAYERS, Shape, shape_of
from trigger.cdc.segments.word import LAST_SUPERLAYER_SHIFT, LOCAL_ID_BITS, POSITION_BITS, SIDE_BITS, TICK_BITS, TIME_BITS
from trigger.geometry.cdc import N_SECTORS, N_SUPERLAYERS, superlayers

FRAME_CLOCK_BITS = (CLOCKS_PER_FRAME - 1).bit_length()
FRAME_TIME_BITS = FRAME_CLOCK_BITS + TICK_BITS
Cell = data.StructLayout({"hit": 1, "time": FRAME_TIME_BITS})
Word = data.StructLayout({"position": POSITION_BITS, "lr": SIDE_BITS, "time": TIME_BITS, "local_id": LOCAL_ID_BITS})
"""The word of a segment, all 0 for an empty slot."""


@dataclass(frozen=True)
class Layout:
    """Numbers of a superlayer as the hardware cuts it; ValueError if there is no such superlayer."""

    superlayer: int

    def __post_init__(self) -> None:
        if not 0 <= self.superlayer < N_SUPERLAYERS:
            msg = f"superlayer must be 0..{N_SUPERLAYERS - 1}, not {self.superlayer}"
            raise ValueError(msg)

    @property
    def shape(self) -> Shape:
        """Wires of a segment."""
        return shape_of(self.superlayer)

    @property
    def per_sector(self) -> int:
        """Segments, and wires of each layer, in a sector."""
        return int(superlayers().n_segments[self.superlayer]) // N_SECTORS

    @property
    def before(self) -> int:
        """Wires of the sector before that segments of a sector reach."""
        return -min(wire for _, wire in self.shape.wires)

    @property
    def behind(self) -> int:
        """Wires of the sector behind that segments of a sector reach."""
        return max(wire for _, wire in self.shape.wires)

    @property
    def sector(self) -> data.ArrayLayout:
        """The cells of a beat."""
        return data.ArrayLayout(data.ArrayLayout(Cell, self.per_sector), N_SEGMENT_LAYERS)

    @property
    def window(self) -> data.ArrayLayout:
        """The cells that the segments of a sector depend on, of each layer from the first wire that they reach."""
        return data.ArrayLayout(data.ArrayLayout(Cell, self.before + self.per_sector + self.behind), N_SEGMENT_LAYERS)

    @property
    def local_shift(self) -> int:
        """Local id of the first segment of a quadrant."""
        return LAST_SUPERLAYER_SHIFT if self.superlayer == N_SUPERLAYERS - 1 else 0
