"""How many segments the links to the track finders carry, and how many data clocks the segments of an event need.

Ref: basf2 trg/cdc Unpacker.h (read in public source) [DATA]: the link of a quadrant carries 20 words of 21 bits per data clock from
an axial superlayer, 10 from a stereo one.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.segments.word import N_QUADRANTS
from trigger.geometry.cdc import N_SUPERLAYERS, superlayers

AXIAL_LINK_SEGMENTS, STEREO_LINK_SEGMENTS = 20, 10
"""Segments per quadrant and data clock."""


def link_segments() -> NDArray[np.int64]:
    """Segments that a quadrant's link takes in one data clock, int64 (9,) by superlayer."""
    return np.where(superlayers().axial, AXIAL_LINK_SEGMENTS, STEREO_LINK_SEGMENTS).astype(np.int64)


def link_load(offsets: ArrayLike, ts_id: ArrayLike) -> NDArray[np.int64]:
    """Return the segments in each quadrant of each superlayer, int64 (n, 9, 4). offsets (n + 1,), ts_id 0..2335: CSR."""
    starts, ids, rings = np.asarray(offsets), np.asarray(ts_id, np.int64), superlayers()
    superlayer = rings.of_segment[ids].astype(np.int64)
    quadrant = (ids - rings.offset[superlayer]) * N_QUADRANTS // rings.n_segments[superlayer]
    event = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    shape = (len(starts) - 1, N_SUPERLAYERS, N_QUADRANTS)
    place = np.ravel_multi_index((event, superlayer, quadrant), shape)
    return np.bincount(place, minlength=int(np.prod(shape))).reshape(shape)


def link_clocks(load: ArrayLike) -> NDArray[np.int64]:
    """Return the data clocks that each link needs, int64 in the shape of `load`, (n, 9, 4); 0 for none.

    More segments than a link takes in a data clock follow in the next ones, ids ascending; none is dropped.
    """
    return -(-np.asarray(load, np.int64) // link_segments()[:, None])
