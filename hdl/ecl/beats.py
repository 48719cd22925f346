"""How the 576 cells of a window lie in 16 beats of 36 lanes: cells in id order, lane after lane, beat after beat."""

from amaranth.lib import data

from trigger.geometry.ecl import N_CELLS

N_BEATS = 16
"""One ECL clock of 7.95 MHz in cycles of the 127.216 MHz system clock."""
N_LANES = N_CELLS // N_BEATS
TIME_BITS = 8
"""A time inside a window of 256 raw units."""
START_BITS = 16

Address = data.StructLayout({"lane": range(N_LANES), "beat": range(N_BEATS)})
"""Place of a cell; read as a number it is beat * 64 + lane."""
N_ADDRESSES = N_BEATS << (N_LANES - 1).bit_length()


def beat_and_lane(index: int) -> tuple[int, int]:
    """Return (beat, lane) of the cell with tc_id - 1 = `index`."""
    return divmod(index, N_LANES)


def address(index: int) -> int:
    """Return the `Address` of the cell with tc_id - 1 = `index`, as a number."""
    beat, lane = beat_and_lane(index)
    return (beat << (N_LANES - 1).bit_length()) | lane
