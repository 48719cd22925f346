"""What block memories can do."""

PORTS_PER_MEMORY = 2
"""Ports of a block memory: a table with more readers is kept several times. Source: AMD UG573, UltraScale memory resources."""
