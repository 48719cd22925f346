"""Response of the central drift chamber: particles in, timed hits of the sense wires out."""

from sim.detector.cdc.background import WireBackground, WirePreset
from sim.detector.cdc.config import CdcResponse
from sim.detector.cdc.overlay import WireHits, read_wire_hits
from sim.detector.cdc.response import respond_cdc

__all__ = ["CdcResponse", "WireBackground", "WireHits", "WirePreset", "read_wire_hits", "respond_cdc"]
