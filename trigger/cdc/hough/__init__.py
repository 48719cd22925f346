"""The 2D track finder: a Hough plane of 160 x 34 cells over the axial track segments."""

from trigger.cdc.hough.finder import HoughFinder, HoughTracks
from trigger.cdc.hough.plane import HoughPlane

__all__ = ["HoughFinder", "HoughPlane", "HoughTracks"]
