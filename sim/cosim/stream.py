"""Numbers to stimulus records and result lines back to numbers: bits in bulk, no loop in Python.

Records are a byte matrix (n_records, record_bytes), zero where nothing was put; see `sim.cosim.wrapper` for their layout.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.cosim import wrapper
from sim.cosim.ports import StreamPorts
from sim.cosim.wrapper import CYCLE_BITS, HEADER_BITS, IDLE_BITS, Header
from trigger.compiled import kernel

NOT_HEX = 255
_HEX_VALUE = np.full(256, NOT_HEX, np.uint8)
_HEX_VALUE[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)


@dataclass(frozen=True, kw_only=True)
class Response:
    """What came out of a run.

    marks: cycle of every marked beat, int64. cycles: cycle of every result, int64. results: (n_results, bytes) uint8,
    little-endian: bit b of a result is bit b % 8 of byte b // 8.
    """

    marks: np.ndarray
    cycles: np.ndarray
    results: np.ndarray


def empty_records(ports: StreamPorts, n_records: int) -> np.ndarray:
    """Records without flags or data: cycles in which nothing happens."""
    return np.zeros((n_records, wrapper.record_bytes(ports)), np.uint8)


def put_header(records: np.ndarray, *, flags: np.ndarray, idle: np.ndarray) -> None:
    """Set the headers: `flags` is the sum of 1 << Header.X per record, `idle` the idle cycles that follow it."""
    if np.any(idle < 0) or np.any(idle >= 1 << IDLE_BITS):
        msg = f"idle cycles must be 0..{(1 << IDLE_BITS) - 1}, not {idle.min()}..{idle.max()}"
        raise ValueError(msg)
    header = np.asarray(flags, np.uint32) | np.asarray(idle, np.uint32)
    records[:, : HEADER_BITS // 8] = header.astype(">u4").view(np.uint8).reshape(-1, HEADER_BITS // 8)


def frame_records(ports: StreamPorts, n_frames: int, n_beats: int, idle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Records of frames of n_beats beats, without data but `in_first`, and the row of the first beat of each.

    The last beat of each frame is marked: it completes the event. idle: cycles after each beat.
    """
    out = empty_records(ports, n_frames * n_beats)
    last = np.arange(len(out)) % n_beats == n_beats - 1
    put_header(out, flags=np.where(last, flag(Header.VALID, Header.MARK), flag(Header.VALID)), idle=idle)
    firsts = np.arange(0, len(out), n_beats)
    put_bits(out, firsts, np.full(n_frames, ports.input_low("in_first")), 1, np.ones(n_frames, np.int64))
    return out, firsts


def put_marks(records: np.ndarray, rows: np.ndarray) -> None:
    """Mark these records, in headers that are set already."""
    low = 8 * records.shape[1] - HEADER_BITS + Header.MARK
    put_bits(records, rows, np.full(len(rows), low), 1, np.ones(len(rows), np.int64))


def flag(*headers: Header) -> int:
    """Header flags as a number."""
    return sum(1 << header for header in headers)


@kernel
def put_bits(records: np.ndarray, rows: np.ndarray, lows: np.ndarray, width: int, values: np.ndarray) -> None:
    """OR the low `width` bits of each value into its record, from bit `low` of the beat; two's complement if negative."""
    last = records.shape[1] - 1
    for i in range(len(rows)):
        value = np.uint64(values[i]) & ((np.uint64(1) << np.uint64(width)) - np.uint64(1))
        byte = lows[i] >> 3
        shift = lows[i] & 7
        value <<= np.uint64(shift)
        for _ in range((shift + width + 7) >> 3):
            records[rows[i], last - byte] |= np.uint8(value & np.uint64(0xFF))
            value >>= np.uint64(8)
            byte += 1


@kernel
def get_bits(results: np.ndarray, low: int, width: int, signed: bool) -> np.ndarray:
    """Bits low .. low+width-1 of every result as int64 (width up to 56)."""
    values = np.zeros(len(results), np.int64)
    first, shift = low >> 3, low & 7
    for i in range(len(results)):
        value = np.int64(0)
        for k in range((shift + width + 7) >> 3):
            value |= np.int64(results[i, first + k]) << (8 * k)
        value = (value >> shift) & ((np.int64(1) << width) - 1)
        if signed and value >> (width - 1):
            value -= np.int64(1) << width
        values[i] = value
    return values


def read_response(ports: StreamPorts, folder: Path) -> Response:
    """The result files of a run; ValueError if a line is cut or an output was undefined (x or z)."""
    marks = _hex_columns(folder / wrapper.MARKS_FILE, [CYCLE_BITS])
    lines = _hex_columns(folder / wrapper.RESULTS_FILE, [CYCLE_BITS, 1, ports.result_bits])
    return Response(marks=_cycles(marks[0]), cycles=_cycles(lines[0]), results=lines[2])


def _cycles(columns: np.ndarray) -> np.ndarray:
    return get_bits(columns, 0, CYCLE_BITS, False)


def _hex_columns(path: Path, widths: list[int]) -> list[np.ndarray]:
    """The columns of a file of lines of hexadecimal numbers, each as little-endian bytes."""
    digits = [(width + 3) // 4 for width in widths]
    text = np.fromfile(path, np.uint8)
    length = sum(digits) + len(digits)
    if len(text) % length:
        msg = f"{path.name}: {len(text)} bytes are not a whole number of lines of {length}"
        raise ValueError(msg)
    rows = _HEX_VALUE[text].reshape(-1, length)
    columns, start = [], 0
    for count in digits:
        column = rows[:, start : start + count][:, ::-1]
        if np.any(column == NOT_HEX):
            row = int(np.flatnonzero((column == NOT_HEX).any(axis=1))[0])
            shown = text.reshape(-1, length)[row].tobytes().decode().strip()
            msg = f"{path.name}: line {row + 1} has an undefined value: {shown}"
            raise ValueError(msg)
        if count % 2:
            column = np.concatenate([column, np.zeros((len(column), 1), np.uint8)], axis=1)
        columns.append(np.ascontiguousarray(column[:, 0::2] | column[:, 1::2] << 4))
        start += count + 1
    return columns
