"""The patterns of short tracks: sectors of superlayers 0-4 that make one, and where in an endcap it points.

Ref: basf2 trg/grl TRGGRLMatchModule.cc (read in public source) [SIM]; the table is `short_track_patterns.csv`.
"""

import csv
import enum
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


class Endcap(enum.IntEnum):
    """Endcap that a short track points to."""

    NONE = 0
    FORWARD = 1
    BACKWARD = 2


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Sectors of SL0, SL1, SL3, SL4 relative to that of SL2, modulo 64.

    number: place in the published table. first, last: window in the endcap relative to the sector of SL0, none (1, 0) without one.
    """

    number: int
    enabled: bool
    sl0: int
    sl1: int
    sl3: int
    sl4: int
    endcap: Endcap
    first: int
    last: int


_ENDCAPS = {"": Endcap.NONE, "fwd": Endcap.FORWARD, "bwd": Endcap.BACKWARD}


@cache
def all_patterns() -> tuple[Pattern, ...]:
    """Return the 137 patterns in search order, disabled ones too."""
    text = (files("trigger.grl") / "short_track_patterns.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Pattern(
            number=int(row["pattern"]),
            enabled=row["enabled"] == "1",
            sl0=int(row["dSL0"]),
            sl1=int(row["dSL1"]),
            sl3=int(row["dSL3"]),
            sl4=int(row["dSL4"]),
            endcap=_ENDCAPS[row["endcap"]],
            first=int(row["extrap_left"] or 1),
            last=int(row["extrap_right"] or 0),
        )
        for row in rows
    )


@cache
def patterns() -> tuple[Pattern, ...]:
    """Return the enabled patterns: the first one that fits a sector of SL0 decides where the track points."""
    return tuple(pattern for pattern in all_patterns() if pattern.enabled)
