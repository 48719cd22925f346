"""The blocks of `trigger` as Amaranth RTL: one component per block, same names."""
