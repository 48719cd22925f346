"""Sourced tables of the detector that the trigger sees, and what follows from them."""
