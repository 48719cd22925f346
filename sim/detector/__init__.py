"""Detector response: particles and beam background in, Level-1 primitives out."""
