"""Golden vectors of a block as hexadecimal memory files: what goes in, cycle by cycle, and what the model answers, and when.

A stimulus word is a record of `sim.cosim.wrapper`: flags and the idle cycles that follow in its highest 32 bits, the inputs below.
An expected word is, from the highest bit on, the number of the event (32 bits), the cycle of the result (32 bits) and the outputs;
cycle 0 is that of the first record. Both are padded to whole bytes above the inputs and above the outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.cosim import stream
from sim.cosim.ports import StreamPorts
from sim.cosim.wrapper import HEADER_BITS, IDLE_BITS, Header
from trigger.ecl.layout import DecisionField
from trigger.errors import InputError

NUMBER_BITS = 32
"""Event number and cycle of an expected word, each."""
_PREFIX = 2 * NUMBER_BITS // 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Golden:
    """Stimulus of a block and the model's answers.

    records: stimulus records, uint8 (n, record_bytes). answers: fields, one row per result, in the order of the results. mark:
    which completing record each result answers. delay: cycles by which a result is later than the declared latency. event: its
    number.
    """

    records: np.ndarray
    answers: Mapping[str, np.ndarray]
    mark: np.ndarray
    delay: np.ndarray
    event: np.ndarray

    @property
    def n_results(self) -> int:
        """Number of results."""
        return len(self.mark)


def one_answer_each(records: np.ndarray, answers: Mapping[str, np.ndarray], event: np.ndarray | None = None) -> Golden:
    """Golden vectors with one result for each completing record; event: of every result, its own number by default."""
    mark = np.arange(len(next(iter(answers.values()))))
    return Golden(records=records, answers=answers, mark=mark, delay=np.zeros_like(mark), event=mark if event is None else event)


def result_cycles(golden: Golden, latency: int) -> np.ndarray:
    """Cycle of every result, int64, ascending; cycle 0 is that of the first record."""
    header = np.ascontiguousarray(golden.records[:, : HEADER_BITS // 8]).view(">u4")[:, 0].astype(np.int64)
    idle = header & ((1 << IDLE_BITS) - 1)
    starts = np.cumsum(1 + idle) - (1 + idle)
    cycles = starts[header >> Header.MARK & 1 == 1][golden.mark] + latency + golden.delay
    assert np.all(np.diff(cycles) > 0), "one result per cycle, in order"
    return cycles


def expected_words(ports: StreamPorts, fields: Sequence[DecisionField], golden: Golden, latency: int) -> np.ndarray:
    """Expected words, uint8 (n_results, bytes), big-endian. InputError if there is no result."""
    if not golden.n_results:
        msg = f"the events of {ports.module} have no result to compare; take more (--events)"
        raise InputError(msg)
    rows = np.arange(golden.n_results)
    words = np.zeros((golden.n_results, _PREFIX + (ports.result_bits + 7) // 8), np.uint8)
    numbers = np.stack([golden.event, result_cycles(golden, latency)], axis=1)
    words[:, :_PREFIX] = numbers.astype(">u4").view(np.uint8).reshape(-1, _PREFIX)
    for field in fields:
        values = np.asarray(golden.answers[field.name]).reshape(len(rows), field.length).astype(np.int64)
        low = ports.output_low(f"out_{field.name}")
        for k in range(field.length):
            stream.put_bits(words, rows, np.full(len(rows), low + k * field.width), field.width, values[:, k])
    return words


def hex_text(words: np.ndarray, head: str) -> str:
    """A memory file for `$readmemh`, one word per line. head: its first line, a comment."""
    return "\n".join([f"// {head}", *_hex_lines(words), ""])


def _hex_lines(words: np.ndarray) -> Iterable[str]:
    digits, text = 2 * words.shape[1], words.tobytes().hex()
    return (text[at : at + digits] for at in range(0, len(text), digits))
