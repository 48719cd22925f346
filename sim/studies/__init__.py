"""Measurements: counts first, tables from counts, pictures from tables."""
