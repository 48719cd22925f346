"""Response of the KLM: particles in, hits of sectors and layers out."""

from sim.detector.klm.config import KlmBackground, KlmPreset, KlmResponse
from sim.detector.klm.response import respond_klm

__all__ = ["KlmBackground", "KlmPreset", "KlmResponse", "respond_klm"]
