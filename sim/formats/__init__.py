"""One module per event-file format; `sim.files` picks it by suffix."""
