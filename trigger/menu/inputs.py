"""Typed inputs of a menu: flags and counts, each on declared bit positions.

Ref: basf2 trg/gdl ftd_0036 input list and trg/gdl/src (read in public source); encodings in `menus/exp16.toml`.
"""

import enum
from dataclasses import dataclass


class Encoding(enum.Enum):
    """How the bits of an input spell its value."""

    FLAG = "flag"
    """One bit: false or true."""
    ONE_HOT = "one-hot"
    """k bits: bit i alone means i + 1, the last bit means "k or more", no bit means 0."""
    BINARY = "binary"
    """k bits, bit 0 is the lowest: 0 .. 2^k - 1."""


class Driver(enum.Enum):
    """Who fills an input: a block of this package, or somebody outside; bits that nobody supplies read 0."""

    ECL = "ecl"
    TRACKS = "tracks"
    KLM = "klm"
    GRL = "grl"
    DISPLACED = "displaced"
    TOP = "top"
    GDL = "gdl"
    EXTERNAL = "external"
    SPARE = "spare"


@dataclass(frozen=True, kw_only=True)
class InputDeclaration:
    """One named input of the menu.

    `bits` are its positions in the input vector, lowest first.
    """

    name: str
    bits: tuple[int, ...]
    encoding: Encoding
    driver: Driver
    definition: str

    def __post_init__(self) -> None:
        if not self.bits or len(set(self.bits)) != len(self.bits):
            msg = f"input {self.name}: bits must be one or more different positions, not {self.bits}"
            raise ValueError(msg)
        if self.encoding is Encoding.FLAG and len(self.bits) != 1:
            msg = f"input {self.name}: a flag has one bit, not {len(self.bits)}"
            raise ValueError(msg)

    @property
    def bit_names(self) -> tuple[str, ...]:
        """Names of the single bits: the input's own name for a flag, `name_0`, `name_1`, ... for a count."""
        if self.encoding is Encoding.FLAG:
            return (self.name,)
        return tuple(f"{self.name}_{place}" for place in range(len(self.bits)))

    @property
    def largest(self) -> int:
        """Largest value that a comparison may name; for a one-hot count it means "this or more"."""
        if self.encoding is Encoding.BINARY:
            return (1 << len(self.bits)) - 1
        return len(self.bits)
