"""What the stages of the displaced-vertex trigger hand on: formats of `trigger.displaced.formats`, lanes of seeds and tracks."""

from amaranth.hdl import signed
from amaranth.lib import data

from hdl.fixed import shape
from trigger.displaced.constants import constants
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.formats import BEND, CHI2, DEPTH, IMPACT, SLOPE, TURN
from trigger.displaced.parameters import DisplacedParameters
from trigger.displaced.stereo import N_STEREO

N_LANES = 2
"""Seeds, and later tracks, that come in a cycle; the one in lane 0 counts as the earlier."""
TIME_BITS = 17
"""Event time of a track: a priority time, less `fastest_ahead`."""
Transverse = data.StructLayout({"bend": shape(BEND), "impact": shape(IMPACT), "phi": shape(TURN)})
"""A track in the transverse plane."""
Axial = data.StructLayout({"there": 1, "position": range(DisplacedParameters().max_segments)})
"""Segment of an axial superlayer: whether there is one, its place among those of the window."""
Track = data.StructLayout(
    {
        "found": 1,
        "transverse": Transverse,
        "t0": signed(TIME_BITS),
        "z0": shape(DEPTH),
        "slope": shape(SLOPE),
        "chi2": shape(CHI2),
        "axial": data.ArrayLayout(Axial, N_AXIAL),
        "n_stereo": range(N_STEREO + 1),
        "row": range(len(constants().grow)),
    }
)
"""A track with its line in z; the rest means something where it is found only. row: of the table `grow`."""
