"""Theta ids of the ECL conditions as the experiment's text has them, apart from those that model and RTL read.

Ref: basf2 trg/ecl TrgEclMaster.cc, TrgEclBhabha.cc (read in public source).
"""

THETA_IDS = {"lml1": (4, 14), "lml6": (4, 15), "lml12": (2, 16), "taub2b3": (2, 16), "intrack": (3, 15)}
"""First and last theta id."""

BHABHA2D_RINGS = (
    ((1, 2, 3), (16, 17)), ((3,), (15,)), ((4,), (14, 15)), ((5,), (14, 15)), ((4, 5), (14,)), ((5,), (13, 14)), ((5,), (12, 13)),
    ((5, 6), (13,)), ((5, 6), (12,)), ((6, 7), (12,)), ((6, 7), (11,)), ((7, 8), (11,)), ((8,), (10, 11)), ((8, 9), (9, 10)),
)  # fmt: skip
"""Forward and backward theta ids of the 14 types."""
