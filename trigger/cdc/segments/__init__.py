"""The track-segment finder: shapes, left/right table, finders of events and of streams, 21-bit word."""

from trigger.cdc.segments.finder import SegmentFinder, Segments
from trigger.cdc.segments.lr_table import LeftRightTable
from trigger.cdc.segments.stream import SegmentStream, SegmentWords

__all__ = ["LeftRightTable", "SegmentFinder", "SegmentStream", "SegmentWords", "Segments"]
