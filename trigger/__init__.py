"""Specification of the Belle II Level-1 trigger and its bit-accurate model, on numpy and numba alone."""

__version__ = "0.1.0"
