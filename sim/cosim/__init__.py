"""Co-simulation: events through the RTL in Verilator or Icarus under cocotb, and the comparison with the model."""
