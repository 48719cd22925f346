"""RTL of the global reconstruction logic."""
