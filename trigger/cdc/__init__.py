"""The track trigger of the CDC."""

from trigger.cdc.hough import HoughFinder, HoughPlane, HoughTracks

__all__ = ["HoughFinder", "HoughPlane", "HoughTracks"]
