"""Bits into records and out of result lines: against Python's own integers, and against files that are damaged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.cosim import stream, wrapper
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.wrapper import Header

PORTS = StreamPorts(
    module="thing",
    inputs=(Port(name="a", width=3), Port(name="b", width=21)),
    outputs=(Port(name="x", width=5), Port(name="y", width=32), Port(name="z", width=4)),
)


def test_first_port_lies_in_the_lowest_bits():
    assert [PORTS.input_low("a"), PORTS.input_low("b"), PORTS.payload_bits] == [0, 3, 24]
    assert [PORTS.output_low(name) for name in "xyz"] == [0, 5, 37]
    assert PORTS.result_bits == 41
    with pytest.raises(ValueError, match="port must be one of a, b, not x"):
        PORTS.input_low("x")


@pytest.mark.parametrize(("name", "width"), [("in valid", 1), ("", 1), ("a", 0)])
def test_impossible_ports_are_refused(name, width):
    with pytest.raises(ValueError, match="Verilog name and a positive width"):
        Port(name=name, width=width)


def test_a_record_is_the_header_and_then_the_beat_big_endian():
    assert wrapper.record_bytes(PORTS) == 7
    records = stream.empty_records(PORTS, 2)
    flags = np.array([stream.flag(Header.VALID, Header.MARK), stream.flag(Header.RESET)])
    stream.put_header(records, flags=flags, idle=np.array([0x0102, 0]))
    stream.put_bits(records, np.array([0, 1]), np.array([0, 0]), 3, np.array([5, -1]))
    stream.put_bits(records, np.array([1]), np.array([3]), 21, np.array([0x15555]))
    assert records[0].tobytes().hex() == "60000102" + f"{5:06x}"
    assert records[1].tobytes().hex() == "80000000" + f"{7 | 0x15555 << 3:06x}"


@pytest.mark.parametrize("idle", [-1, 1 << 16])
def test_idle_cycles_that_do_not_fit_are_refused(idle):
    with pytest.raises(ValueError, match="idle cycles must be"):
        stream.put_header(stream.empty_records(PORTS, 1), flags=np.array([0]), idle=np.array([idle]))


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(-(1 << 39), (1 << 39) - 1)), min_size=1, max_size=30))
def test_bits_come_back_as_they_were_put(fields):
    """Consecutive fields of any widths, in one record read as one result; the integer of the record is the witness."""
    n_bytes = (sum(width for width, _ in fields) + 7) // 8
    record = np.zeros((1, n_bytes), np.uint8)
    low, whole = 0, 0
    for width, value in fields:
        stream.put_bits(record, np.array([0]), np.array([low]), width, np.array([value]))
        whole |= (value & ((1 << width) - 1)) << low
        low += width
    assert int.from_bytes(record[0].tobytes(), "big") == whole
    result, low = np.ascontiguousarray(record[:, ::-1]), 0
    for width, value in fields:
        unsigned = value & ((1 << width) - 1)
        signed = unsigned - (1 << width) if unsigned >> (width - 1) else unsigned
        assert stream.get_bits(result, low, width, False).tolist() == [unsigned]
        assert stream.get_bits(result, low, width, True).tolist() == [signed]
        low += width


def written(folder, marks: str, results: str) -> stream.Response:
    (folder / wrapper.MARKS_FILE).write_text(marks)
    (folder / wrapper.RESULTS_FILE).write_text(results)
    return stream.read_response(PORTS, folder)


def test_result_lines_become_numbers(tmp_path):
    whole = 0b10001 | 0xDEADBEEF << 5 | 0b1010 << 37
    response = written(tmp_path, "0000000f\n000000ff\n", f"00000010 1 {whole:011x}\n00000100 1 {0:011x}\n")
    assert response.marks.tolist() == [15, 255]
    assert response.cycles.tolist() == [16, 256]
    fields = {"x": (0, 5), "y": (5, 32), "z": (37, 4)}
    values = {name: stream.get_bits(response.results, low, width, False).tolist() for name, (low, width) in fields.items()}
    assert values == {"x": [0b10001, 0], "y": [0xDEADBEEF, 0], "z": [0b1010, 0]}


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ("00000010 1 0123456789a\n00000020 1 012345x789a\n", "line 2 has an undefined value: 00000020 1 012345x789a"),
        ("00000010 x 0123456789a\n", "line 1 has an undefined value"),
        ("00000010 1 0123456789a\n00000020 1 01234", "not a whole number of lines"),
    ],
)
def test_undefined_outputs_and_cut_files_are_refused(tmp_path, results, reason):
    with pytest.raises(ValueError, match=reason):
        written(tmp_path, "", results)
