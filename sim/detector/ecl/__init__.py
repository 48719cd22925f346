"""Response of the electromagnetic calorimeter: particles in, timed trigger-cell hits out."""

from sim.detector.ecl.config import DigitiserMode, EclResponse
from sim.detector.ecl.geometry import EclGaps
from sim.detector.ecl.response import respond

__all__ = ["DigitiserMode", "EclGaps", "EclResponse", "respond"]
