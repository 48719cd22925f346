"""RTL of the neuro trigger's networks."""
