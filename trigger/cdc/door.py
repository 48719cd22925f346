"""The door of the track-trigger blocks: track segments of events, checked."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.events import validate


def check_segments(where: str, **fields: ArrayLike) -> dict[str, NDArray]:
    """Return the declared event fields of the CDC in their dtypes; InputError with `where`, field, event and reason.

    fields: cdc_offsets, cdc_ts_id and so on. An empty list, which numpy takes for floats, is an empty list of integers.
    """
    arrays = {name: np.asarray(array) for name, array in fields.items()}
    integers = {name: array.astype(np.int64) if array.size == 0 else array for name, array in arrays.items()}
    return validate(integers, where, required=tuple(fields))
