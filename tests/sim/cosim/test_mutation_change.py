"""Changed models: what plain Python must share with compiled code, and that only answers, errors and endless runs kill."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from numba import njit

from sim.cosim import mutation_model
from sim.cosim.mutation_change import plain
from sim.cosim.mutation_model import ANSWERS, FIRST_ANSWERS, TESTS_FAIL, ModelBench
from sim.cosim.mutation_source import Kind, SourceFault
from trigger.compiled import ROOT

LINES, LAYERS = "trigger/klm_line.py", "trigger/klm.py"
CELL = np.dtype([("bit", np.uint8), ("edges", np.int16, (2,))])
"""A record as tables have them, with narrow numbers."""


class Given(NamedTuple):
    """Arguments of a kernel in one tuple."""

    cells: np.ndarray
    mask: np.ndarray


def shifted(given, first, out):
    """Narrow numbers become 64 bits wide: shifts by more than eight, sums beyond 16 bits, fields of records by name."""
    for i in range(len(given.cells)):
        cell = given.cells[i]
        out[i] = (1 << cell.bit) + cell.edges[0] * cell.edges[1] + (given.mask[i] << first.bit)
    return given.mask[1:], out[0]


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """The straight-line KLM, 40 events, of which 20 are met uncompiled; no tests."""
    with ModelBench("klm.line", tmp_path_factory.mktemp("lines"), 40, 1) as bench:
        yield bench


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    """The KLM by layers, which has no kernels, with one file of its tests; 2 events, of which 1 is met first."""
    fewer = replace(mutation_model.MODELS["klm"], tests=("trigger/test_klm.py",))
    with pytest.MonkeyPatch.context() as patch, ModelBench("klm", tmp_path_factory.mktemp("layers"), 2, 1) as bench:
        patch.setattr(mutation_model, "MODELS", {"klm": fewer})
        yield bench


def fault(path: str, old: str, new: str) -> SourceFault:
    """A fault at the only place of this text."""
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text.count(old) == 1
    start = text.index(old)
    return SourceFault(kind=Kind.CONSTANT, line=text[:start].count("\n") + 1, says="", start=start, end=start + len(old), new=new)


def test_plain_kernels_count_as_compiled_ones():
    cells = np.array([(3, (300, 400)), (12, (-32768, -32768)), (15, (7, -9))], CELL)
    given = Given(cells=cells, mask=np.array([1, 200, 255], np.uint8))
    results = []
    for make in (njit, plain):
        out = np.zeros(3, np.int64)
        rest, first = make(shifted)(given, cells[1], out)
        assert type(rest) is np.ndarray
        results.append([*out.tolist(), *rest.tolist(), int(first)])
    assert results[1] == results[0]
    assert results[1][0] == (1 << 3) + 300 * 400 + (1 << 12)


def test_uncompiled_kernels_call_uncompiled_kernels_of_other_files(tmp_path):
    """Those of the GRL's matching hand records and their own arrays to kernels of a file that does not depend on it."""
    path = "trigger/grl/matching.py"
    text = (ROOT / path).read_text(encoding="utf-8")
    with ModelBench("grl", tmp_path, 80, 1) as bench:
        assert bench._first_answers(path, text) is True


def test_first_answers_kill_before_anything_is_compiled(lines, monkeypatch):
    monkeypatch.setattr(mutation_model, "LIMIT_S", 1)
    changed = fault(LINES, "n_layers[t] >= min_layers", "n_layers[t] < min_layers")
    assert lines.killed_by_answers(LINES, changed) == FIRST_ANSWERS


@pytest.mark.parametrize(
    ("added", "verdict"),
    [
        ("0 * (np.int64(2**62) * np.int64(4))", None),
        ("(np.int64(2**62) * np.int64(4) == 0)", ANSWERS),
    ],
)
def test_what_plain_python_refuses_is_judged_compiled(lines, added, verdict):
    """An overflow raises without compilation alone, and kills nothing by itself."""
    assert lines.killed_by_answers(LINES, fault(LINES, "n_layers[track] += 1", f"n_layers[track] += 1 + {added}")) == verdict


def test_a_file_that_answers_otherwise_uncompiled_has_no_first_answers(layers, monkeypatch):
    monkeypatch.setattr(layers, "_first_holds", {})
    monkeypatch.setattr(layers, "_wanted", [{name: array ^ 1 for name, array in part.items()} for part in layers._wanted])
    assert layers.killed_by_answers(LAYERS, fault(LAYERS, "return decide(fired)", "return decide(~fired)")) == ANSWERS


@pytest.mark.parametrize(("added", "verdict"), [("while True: pass", "timeout"), ("p.min_layers // 0", "error")])
def test_a_model_that_raises_or_does_not_end_is_killed(layers, monkeypatch, added, verdict):
    monkeypatch.setattr(mutation_model, "FIRST_LIMIT_S", 2)
    monkeypatch.setattr(mutation_model, "LIMIT_S", 2)
    changed = fault(LAYERS, "        return decide(fired)", f"        {added}\n        return decide(fired)")
    assert layers.killed_by_answers(LAYERS, changed) == verdict


@pytest.mark.parametrize(("added", "verdict"), [(" & (n_events < 3)", TESTS_FAIL), (" ", None)])
def test_what_two_events_do_not_show_is_left_to_the_tests_of_the_block(layers, added, verdict):
    changed = fault(LAYERS, "return decide(fired)", f"return decide(fired{added})")
    assert layers.killed_by_answers(LAYERS, changed) is None
    assert layers.killed_by_tests(LAYERS, changed) == verdict


def test_an_unchanged_model_that_fails_its_tests_is_told(layers, monkeypatch):
    monkeypatch.setattr(layers, "_passes", False)
    absent = replace(mutation_model.MODELS["klm"], tests=("trigger/absent",))
    monkeypatch.setattr(mutation_model, "MODELS", {"klm": absent})
    with pytest.raises(RuntimeError, match="the unchanged model of klm must pass its tests"):
        layers.killed_by_tests(LAYERS, fault(LAYERS, "return decide(fired)", "return decide( fired)"))
