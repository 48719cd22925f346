"""Mutants of the model: its source with one fault each, in a scratch copy, on the stimuli and the tests of the fast suite.

A mutant is killed if an answer to the stimuli differs from that of the model, if it raises or does not end, or by the tests of its
block. The tests are run for what is left, and only from a checkout, which has them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import menu
from sim.cosim.chain import external_positions
from sim.cosim.klm import klm_events
from sim.cosim.mutation_answers import CHAIN_BLOCKS, read_parts, write_parts
from sim.cosim.mutation_server import DONE, ModelServer
from sim.cosim.mutation_source import Kind, SourceFault, source_faults
from sim.cosim.network import random_inputs
from sim.cosim.segment_stream import layout
from sim.cosim.stimulus.displaced_segments import segment_windows
from sim.cosim.stimulus.grl import grl_events
from sim.cosim.stimulus.klm_line import strip_events
from sim.cosim.stimulus.mix import ecl_mix
from sim.cosim.stimulus.neuro_tracks import neuro_track_events
from sim.cosim.stimulus.segments import segment_events
from sim.cosim.stimulus.track_segments import track_segments
from sim.cosim.stimulus.tracks import track_events
from sim.cosim.stimulus.vectors import random_vectors
from sim.cosim.stimulus.whole import whole_events
from sim.cosim.stimulus.wire_streams import wire_streams
from sim.cosim.stimulus.wires import wire_events
from sim.cosim.verify_stream import OCTANTS
from trigger.cdc import HoughPlane, InputWindows, SingleTrackTrigger
from trigger.chain import Chain
from trigger.compiled import ROOT
from trigger.displaced.features import VERTEX
from trigger.ecl import EclTrigger
from trigger.grl import GrlParameters
from trigger.klm import KlmParameters
from trigger.klm_line import KlmLineParameters
from trigger.menu import load_menu

Arrays = Mapping[str, np.ndarray]
Rng = np.random.Generator
SEGMENT_NAMES = ("offsets", "ts_id", "priority", "lr", "time")
LIMIT_S, TESTS_LIMIT_S = 300.0, 1800.0
"""A mutant that takes longer for the answers, or for the tests of its block, does not end (our choice, for a busy machine)."""


@dataclass(frozen=True, kw_only=True)
class ModelBlock:
    """Where a block's model is. modules: in `trigger`; tests: in `tests`; stimuli: (rng, n) -> parts."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    stimuli: Callable[[Rng, int], list[Arrays]]


def _ecl(rng: Rng, n: int) -> list[Arrays]:
    mix = ecl_mix(EclTrigger().thresholds)
    return [part for _, part in mix.parts(int(rng.integers(1 << 31)), 0, n)]


def _klm(rng: Rng, n: int) -> list[Arrays]:
    return [vars(klm_events(rng, n, KlmParameters()))]


def _klm_line(rng: Rng, n: int) -> list[Arrays]:
    return [vars(strip_events(rng, n, KlmLineParameters()))]


def _grl(rng: Rng, n: int) -> list[Arrays]:
    return [grl_events(rng, n, GrlParameters()).arguments()]


def _menu(rng: Rng, n: int) -> list[Arrays]:
    return [{"input_bits": menu.input_vectors(rng, n, load_menu("exp16"))}]


def _stt(rng: Rng, n: int) -> list[Arrays]:
    return [vars(neuro_track_events(rng, n, SingleTrackTrigger()))]


def _segments(rng: Rng, n: int) -> list[Arrays]:
    events = wire_events(rng, n)
    return [{"wire_offsets": events.offsets, "wire_id": events.wire_id, "wire_time": events.time}]


def _stream(rng: Rng, n: int) -> list[Arrays]:
    streams = wire_streams(rng, n, OCTANTS)
    n_clocks = -(-streams.n_cycles // layout().SECTORS_PER_OCTANT)
    return [{"wire_offsets": streams.offsets, "wire_id": streams.wire_id, "wire_time": streams.time, "n_clocks": n_clocks}]


def _hough(rng: Rng, n: int) -> list[Arrays]:
    events = segment_events(rng, n, HoughPlane())
    return [{"offsets": events.offsets, "ts_id": events.ts_id, "priority": events.priority}]


def _inputs(rng: Rng, n: int) -> list[Arrays]:
    events = track_events(rng, n, HoughPlane(), InputWindows())
    tracks = {name: array for name, array in vars(events.tracks).items() if isinstance(array, np.ndarray)}
    return [dict(zip(SEGMENT_NAMES, events.segments, strict=True)) | tracks]


def _tracks(rng: Rng, n: int) -> list[Arrays]:
    events = track_segments(rng, n, HoughPlane(), InputWindows())
    return [dict(zip(SEGMENT_NAMES, events.columns, strict=True))]


def _neuro(rng: Rng, n: int) -> list[Arrays]:
    return [{"x_raw": random_vectors(rng, n, 1).x_raw}]


def _codesign(rng: Rng, n: int) -> list[Arrays]:
    return [{"x_raw": random_inputs(n, rng).astype(np.int16)}]


def _displaced(rng: Rng, n: int) -> list[Arrays]:
    windows = segment_windows(rng, n)
    return [dict(zip(SEGMENT_NAMES, (windows.offsets, *windows.columns), strict=True))]


def _vertex_network(rng: Rng, n: int) -> list[Arrays]:
    return [{"x_raw": random_inputs(n, rng, VERTEX.n_inputs).astype(np.int16)}]


def _chain(rng: Rng, n: int) -> list[Arrays]:
    chain = Chain(blocks=CHAIN_BLOCKS)
    return [whole_events(chain, rng, int(rng.integers(1 << 31)), 0, n, tuple(external_positions(chain.menu))).arrays]


MODELS: Mapping[str, ModelBlock] = {
    "ecl": ModelBlock(modules=("ecl",), tests=("trigger/ecl",), stimuli=_ecl),
    "klm": ModelBlock(modules=("klm.py",), tests=("trigger/test_klm.py", "hdl/test_klm.py"), stimuli=_klm),
    "klm.line": ModelBlock(modules=("klm_line.py",), tests=("trigger/test_klm_line.py",), stimuli=_klm_line),
    "grl": ModelBlock(modules=("grl",), tests=("trigger/grl",), stimuli=_grl),
    "menu": ModelBlock(
        modules=tuple(f"menu/{name}.py" for name in ("condition", "constant", "inputs", "loader", "menu", "parser", "prescale")),
        tests=("trigger/menu",),
        stimuli=_menu,
    ),
    "chain": ModelBlock(
        modules=("chain.py", "blocks.py", "menu/filling.py", "menu/wiring.py", "cdc/track_counts.py"),
        tests=(
            "trigger/test_chain.py",
            "trigger/test_blocks.py",
            "trigger/menu/test_wiring.py",
            "trigger/cdc/test_track_counts.py",
        ),
        stimuli=_chain,
    ),
    "tracks.segments": ModelBlock(modules=("cdc/segments",), tests=("trigger/cdc/segments",), stimuli=_segments),
    "tracks.stream": ModelBlock(
        modules=("cdc/segments/stream.py", "cdc/segments/stream_kernels.py"), tests=("trigger/cdc/segments",), stimuli=_stream
    ),
    "tracks.hough": ModelBlock(modules=("cdc/hough",), tests=("trigger/cdc/hough",), stimuli=_hough),
    "tracks.inputs": ModelBlock(
        modules=tuple(f"cdc/neuro/{name}.py" for name in ("crossing", "event_time", "formats", "inputs", "kernels", "windows")),
        tests=("trigger/cdc/neuro",),
        stimuli=_inputs,
    ),
    "tracks.neuro": ModelBlock(
        modules=tuple(f"cdc/neuro/{name}.py" for name in ("activation", "experts", "mlp")),
        tests=("trigger/cdc/neuro", "trigger/networks"),
        stimuli=_neuro,
    ),
    "tracks.codesign": ModelBlock(
        modules=("cdc/neuro/codesign.py",), tests=("trigger/cdc/neuro/test_codesign.py", "trigger/networks"), stimuli=_codesign
    ),
    "tracks.stt": ModelBlock(modules=("cdc/single_track.py",), tests=("trigger/cdc/test_single_track.py",), stimuli=_stt),
    "tracks.neuro_path": ModelBlock(
        modules=("cdc/neuro/trigger.py", "cdc/track_counts.py"),
        tests=("trigger/cdc/neuro/test_trigger.py", "trigger/cdc/test_track_counts.py"),
        stimuli=_inputs,
    ),
    "displaced.fits": ModelBlock(
        modules=("displaced/fit.py", "displaced/stereo.py"),
        tests=("trigger/displaced/test_fit.py", "trigger/displaced/test_stereo.py"),
        stimuli=_displaced,
    ),
    "displaced.vertices": ModelBlock(
        modules=tuple(f"displaced/{name}.py" for name in ("tracks", "pairs", "vertex", "features")),
        tests=("trigger/displaced/test_pairs.py", "trigger/displaced/test_features.py"),
        stimuli=_displaced,
    ),
    "displaced.network": ModelBlock(
        modules=("cdc/neuro/codesign.py",),
        tests=("trigger/cdc/neuro/test_codesign.py", "trigger/displaced/test_network.py"),
        stimuli=_vertex_network,
    ),
    "displaced": ModelBlock(
        modules=tuple(f"displaced/{name}.py" for name in ("trigger", "event", "seeds")),
        tests=("trigger/displaced/test_trigger.py", "trigger/displaced/test_seeds.py"),
        stimuli=_displaced,
    ),
    "tracks": ModelBlock(
        modules=("cdc/track_trigger.py", "cdc/door.py"), tests=("trigger/cdc/test_track_trigger.py",), stimuli=_tracks
    ),
}
"""By name; another block joins with its line here and in `mutation_answers`."""


def sources(block: str) -> dict[str, str]:
    """Source of each module of a block's model, by path from the root of the project."""
    found = {}
    for name in MODELS[block].modules:
        path = ROOT / "trigger" / name
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            if file.name != "__init__.py":
                found[file.relative_to(ROOT).as_posix()] = file.read_text(encoding="utf-8")
    return found


def sample(texts: Mapping[str, str], n: int, rng: Rng) -> list[tuple[str, SourceFault]]:
    """(path, fault) of n different faults, or all if there are fewer; kinds take turns, as long as they have any."""
    every = [(path, fault) for path, text in texts.items() for fault in source_faults(text)]
    queues = {kind: [one for one in every if one[1].kind is kind] for kind in Kind}
    queues = {kind: [found[place] for place in rng.permutation(len(found))] for kind, found in queues.items()}
    chosen: list[tuple[str, SourceFault]] = []
    for kind in cycle(Kind):
        if len(chosen) >= n or not any(queues.values()):
            return chosen
        if queues[kind]:
            chosen.append(queues[kind].pop())
    return chosen


class ModelBench:
    """A scratch copy of the model of a block, with stimuli and the answers of the unchanged model. A context manager.

    folder: scratch, which must exist; compiled kernels stay there as well. tests: folder with those of all blocks, which is copied;
    RuntimeError if the unchanged model does not pass those of its block.
    """

    def __init__(self, block: str, folder: Path, n_events: int, seed: int, *, tests: Path | None = None) -> None:
        self.block, self._folder = block, folder
        self._tree = folder / "tree"
        self._wanted, self._given, self._answered = (folder / f"{name}.npz" for name in ("wanted", "given", "answered"))
        self._tests = tests
        rng = stream(seed, f"mutation.model.{block}", Stage.STIMULUS, 0)
        write_parts(self._given, MODELS[block].stimuli(rng, n_events))

    def __enter__(self) -> Self:
        shutil.rmtree(self._tree, ignore_errors=True)
        shutil.copytree(ROOT / "trigger", self._tree / "trigger", ignore=shutil.ignore_patterns("__pycache__"))
        self._server = ModelServer(self._tree, ROOT, self._folder / "cache").__enter__()
        word = self._server.answer(self.block, self._given, self._wanted, 2 * LIMIT_S)
        if word != DONE:
            self._server.__exit__(None, None, None)
            msg = f"the unchanged model of {self.block} must answer, not end with {word}"
            raise RuntimeError(msg)
        self._expected = read_parts(self._wanted)
        if self._tests is not None:
            shutil.copytree(self._tests, self._tree / "tests", ignore=shutil.ignore_patterns("__pycache__"))
            if not self.tests_pass():
                self._server.__exit__(None, None, None)
                msg = f"the unchanged model of {self.block} must pass its tests"
                raise RuntimeError(msg)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.__exit__(kind, error, trace)

    def killed_by(self, path: str, fault: SourceFault) -> str | None:
        """What kills a mutant: "answers", "error", "timeout" or "tests"; None if nothing does."""
        file = self._tree / path
        text = file.read_text(encoding="utf-8")
        file.write_text(fault.applied(text), encoding="utf-8")
        try:
            word = self._server.answer(self.block, self._given, self._answered, LIMIT_S)
            if word != DONE:
                return word
            if not _equal(self._expected, read_parts(self._answered)):
                return "answers"
            return "tests" if self._tests is not None and not self.tests_pass() else None
        finally:
            file.write_text(text, encoding="utf-8")

    def _paths(self) -> list[str]:
        return [f"tests/{name}" for name in MODELS[self.block].tests]

    def tests_pass(self) -> bool:
        """Whether the tests of the block pass in the scratch copy as it is."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *self._paths()]
        environment = os.environ | {"XDG_CACHE_HOME": str(self._folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            run = subprocess.run(command, cwd=self._tree, env=environment, capture_output=True, timeout=TESTS_LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            return False
        return run.returncode == 0


def _equal(one: list[dict[str, np.ndarray]], other: list[dict[str, np.ndarray]]) -> bool:
    return len(one) == len(other) and all(
        a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a) for a, b in zip(one, other, strict=True)
    )


def verdicts(bench: ModelBench, faults: list[tuple[str, SourceFault]]) -> Iterator[tuple[int, str | None]]:
    """(number, what kills it) of each mutant."""
    for number, (path, fault) in enumerate(faults):
        yield number, bench.killed_by(path, fault)
