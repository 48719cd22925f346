"""The 96-bit word to the GDL, packed from and unpacked to its declared fields.

Ref: basf2 trg/ecl TrgEclMaster.cc (makeTriggerBit), bit map as declared in `layout.WORD_FIELDS`.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from trigger.compiled import kernel
from trigger.ecl.layout import WORD_BITS, WORD_FIELDS, Packing, WordField

CHUNK_BITS = 32
N_CHUNKS = WORD_BITS // CHUNK_BITS
_CHUNK_MASK = (1 << CHUNK_BITS) - 1


def pack_word(arrays: Mapping[str, NDArray]) -> NDArray[np.uint32]:
    """Return the words, uint32 (n, 3), bit b of the word in bit b % 32 of column b // 32.

    arrays: decision fields by name, and optionally "hit" (n,); without it an event has a hit where `ecl_etotal_adc` is not 0. A
    value that is wider than its place in the word keeps its low bits, or saturates where the layout says so; undriven bits are 0.
    """
    total = arrays["ecl_etotal_adc"]
    hit = arrays["hit"] if "hit" in arrays else (total != 0).astype(np.uint8)
    words = np.zeros((len(total), N_CHUNKS), dtype=np.uint32)
    pack_into(words, {**arrays, "hit": hit})
    return words


def pack_into(words: NDArray[np.uint32], arrays: Mapping[str, NDArray]) -> None:
    """Pack as `pack_word` into `words`, which hold zeros; `arrays` includes "hit"."""
    for field in WORD_FIELDS:
        if field.packing is Packing.ZERO:
            continue
        values = arrays[field.source].reshape(len(words), -1)
        if field.element is not None:
            values = values[:, field.element : field.element + 1]
        _put(words, values, field.low, field.width // values.shape[1], field.packing is Packing.SATURATE)


def unpack_word(words: NDArray[np.uint32]) -> dict[str, NDArray[np.uint32]]:
    """Return word field -> value, uint32 (n,), of `words`, uint32 (n, 3), in the order of the layout.

    A field of several one-bit elements comes back as one number, element 0 in its lowest bit. Values are not extended by a sign.

    Raises:
        ValueError: wrong shape or type.
    """
    words = np.asarray(words)
    if words.dtype != np.uint32 or words.ndim != 2 or words.shape[1] != N_CHUNKS:
        msg = f"words must be uint32 (n, {N_CHUNKS}), not {words.dtype} {words.shape}"
        raise ValueError(msg)
    return {field.name: _take(words, field) for field in WORD_FIELDS}


def _take(words: NDArray[np.uint32], field: WordField) -> NDArray[np.uint32]:
    chunk, shift = divmod(field.low, CHUNK_BITS)
    value = words[:, chunk].astype(np.uint64) >> np.uint64(shift)
    if shift + field.width > CHUNK_BITS:
        value |= words[:, chunk + 1].astype(np.uint64) << np.uint64(CHUNK_BITS - shift)
    return (value & np.uint64((1 << field.width) - 1)).astype(np.uint32)


@kernel
def _put(words, values, low, width, saturate):
    """OR columns of `values` into the words, `width` bits each, the first at bit `low`."""
    largest = (1 << width) - 1
    for k in range(values.shape[1]):
        at = low + k * width
        chunk, shift = at // CHUNK_BITS, at % CHUNK_BITS
        for i in range(len(words)):
            value = np.int64(values[i, k])
            value = min(value, largest) if saturate else value & largest
            words[i, chunk] |= np.uint32((value << shift) & _CHUNK_MASK)
            if shift + width > CHUNK_BITS:
                words[i, chunk + 1] |= np.uint32(value >> (CHUNK_BITS - shift))
