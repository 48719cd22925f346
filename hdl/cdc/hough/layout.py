"""How a frame of axial track segments reaches the finder, and which segments a piece of the Hough plane depends on.

A frame comes in 32 beats, one sector of 1/32 turn each, from segment 0 of every superlayer on. A beat has three bits per axial
segment, superlayer after superlayer: a hit on the second-right, second-left and first-priority wire (priority code - 1). The
plane is swept sector by sector too: what a sector depends on is the same for all of them but for a rotation.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trigger.cdc.hough.plane import HoughPlane
from trigger.cdc.hough.windows import N_POSITIONS, windows
from trigger.geometry.cdc import N_SECTORS, superlayers

SECTOR_SHIFT = N_SECTORS // 2
"""The plane begins at -pi, the segments at 0: sector of the segments less that of the plane."""
SECTORS_PER_GROUP = 2
"""Sectors that are clustered together: a whole number of 2 x 2 squares for any number of cells per sector."""
CYCLES_PER_CLOCK = 4
"""System cycles per data clock."""
CLOCKS_PER_FRAME = 16


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Segments of one superlayer that can cross the box around a centre, as consecutive sectors.

    sector: first of them, relative to the centre's. mask: bit n w + i stands for segment i of the w-th sector from there.
    """

    sector: int
    mask: int


@dataclass(frozen=True)
class Layout:
    """Numbers of a plane as the hardware cuts it; ValueError for less than two cells in phi per sector."""

    plane: HoughPlane

    def __post_init__(self) -> None:
        if self.cells < 2:
            msg = f"n_phi must be at least {2 * N_SECTORS}, not {self.plane.n_phi}"
            raise ValueError(msg)

    @cached_property
    def per_sector(self) -> tuple[int, ...]:
        """Segments of each axial superlayer in a sector."""
        return tuple(windows(self.plane).per_sector[superlayers().axial].tolist())

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """Place of each axial superlayer's first segment among the segments of a sector."""
        return tuple(windows(self.plane).row[superlayers().axial].tolist())

    @property
    def n_segments(self) -> int:
        """Axial segments of a sector."""
        return sum(self.per_sector)

    @property
    def sector_bits(self) -> int:
        """Width of a beat."""
        return N_POSITIONS * self.n_segments

    @property
    def cells(self) -> int:
        """Cells in phi of a sector; also square columns of a group, because a group is two sectors."""
        return self.plane.n_phi // N_SECTORS

    @property
    def square_rows(self) -> int:
        """Squares in omega."""
        return self.plane.n_omega // 2

    @property
    def half_cells(self) -> int:
        """Half cells in phi of a sector."""
        return 2 * self.cells

    @cached_property
    def votes(self) -> dict[tuple[int, int, int], list[tuple[int, int]]]:
        """Hits that set a superlayer's vote in a cell: (axial superlayer, cell in phi, in omega) -> (relative sector, bit)."""
        table = windows(self.plane).table
        hits: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
        for superlayer, (first, count) in enumerate(zip(self.rows, self.per_sector, strict=True)):
            for row, position, y in np.ndindex(count, N_POSITIONS, self.plane.n_omega):
                at = (first + row, position, 2 * y, 0)
                for cell in self._boxes(table.start[at], table.length[at]):
                    place = (superlayer, cell % self.cells, y)
                    hits.setdefault(place, []).append((-(cell // self.cells), N_POSITIONS * (first + row) + position))
        return hits

    @cached_property
    def vote_reach(self) -> tuple[int, int]:
        """First and last relative sector whose hits a sector of the plane depends on."""
        sectors = {sector for hits in self.votes.values() for sector, _ in hits}
        return min(sectors), max(sectors)

    @property
    def n_window(self) -> int:
        """Sectors of `vote_reach`."""
        first, last = self.vote_reach
        return last - first + 1

    @cached_property
    def reach(self) -> list[dict[tuple[int, int], Reach]]:
        """Per axial superlayer: (half cell in the sector, y2) of a centre -> segments whose wires cross the box around it."""
        table, found = windows(self.plane).table, []
        for first, count in zip(self.rows, self.per_sector, strict=True):
            segments: dict[tuple[int, int], set[int]] = {}
            for row, position, y2, parity in np.ndindex(count, N_POSITIONS, 2 * self.plane.n_omega - 1, 2):
                at = (first + row, position, y2, parity)
                for box in self._boxes(table.start[at], table.length[at]):
                    centre = (2 * (box % self.cells) + parity, y2)
                    segments.setdefault(centre, set()).add(count * -(box // self.cells) + row)
            of_centre = {}
            for centre, places in segments.items():
                sector = min(places) // count
                of_centre[centre] = Reach(sector=sector, mask=sum(1 << (place - count * sector) for place in places))
            found.append(of_centre)
        return found

    @cached_property
    def reach_sectors(self) -> tuple[int, ...]:
        """Sectors that the segments around any centre can lie in, per axial superlayer."""
        bits = [max(one.mask for one in of_centre.values()).bit_length() for of_centre in self.reach]
        return tuple(-(-n_bits // count) for n_bits, count in zip(bits, self.per_sector, strict=True))

    def _boxes(self, start: np.int16, length: np.uint8) -> range:
        """Crossed boxes, counted from the sector's own first cell."""
        first = int(start) - self.plane.n_phi // 2
        return range(first, first + int(length))
