"""The trigger menu as hardware: lines compiled from the menu text, prescale counters, the L1 accept."""
