"""RTL of the 2D track finder."""
