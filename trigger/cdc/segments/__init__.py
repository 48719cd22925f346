"""The track-segment finder: shapes, left/right table, finder, 21-bit word."""

from trigger.cdc.segments.finder import SegmentFinder, Segments
from trigger.cdc.segments.lr_table import LeftRightTable

__all__ = ["LeftRightTable", "SegmentFinder", "Segments"]
