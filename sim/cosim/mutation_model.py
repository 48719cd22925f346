"""Mutants of the model: its source with one fault each, in a process of its own, on the stimuli and the tests of the fast suite.

A mutant is killed if an answer to the stimuli differs from that of the model, if it raises or does not end, or by the tests of its
block. It meets the first events with its kernels uncompiled, if the unchanged model answers them so as well; there only an answer
counts. What is left is compiled and meets all events. The tests are run for what is left then, and only from a checkout, which
has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from sim.cosim.stimulus import displaced_fits
from sim.cosim.stimulus.displaced_segments import segment_windows
from sim.cosim.stimulus.displaced_tracks import track_windows
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
from trigger.displaced.grid import SeedGrid
from trigger.ecl import EclTrigger
from trigger.grl import GrlParameters
from trigger.klm import KlmParameters
from trigger.klm_line import KlmLineParameters
from trigger.menu import load_menu

Arrays = Mapping[str, np.ndarray]
Rng = np.random.Generator
SEGMENT_NAMES = ("offsets", "ts_id", "priority", "lr", "time")
FIRST_LIMIT_S, LIMIT_S, TESTS_LIMIT_S = 20, 120, 600
"""Processor time of the first answers, of all answers and of the tests of a block (our choice). A mutant that needs more than the
second or third does not end: the model needs some seconds, and compiles within a minute."""
ANSWERS, FIRST_ANSWERS, TESTS_FAIL = "answers", "answers uncompiled", "tests"
"""What kills a mutant that ends."""


@dataclass(frozen=True, kw_only=True)
class ModelBlock:
    """Where a block's model is. modules: in `trigger`; tests: in `tests`; stimuli: (rng, n) -> parts.

    first: events met with uncompiled kernels, some seconds at most (our choice).
    """

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    stimuli: Callable[[Rng, int], list[Arrays]]
    first: int


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


def _fits(rng: Rng, n: int) -> list[Arrays]:
    return [vars(displaced_fits.windows(rng, n, SeedGrid(), 1))]


def _vertices(rng: Rng, n: int) -> list[Arrays]:
    windows = track_windows(rng, n)
    return [{"offsets": windows.offsets, "place": windows.place, "position": windows.position, **windows.numbers}]


def _vertex_network(rng: Rng, n: int) -> list[Arrays]:
    return [{"x_raw": random_inputs(n, rng, VERTEX.n_inputs).astype(np.int16)}]


def _chain(rng: Rng, n: int) -> list[Arrays]:
    chain = Chain(blocks=CHAIN_BLOCKS)
    return [whole_events(chain, rng, int(rng.integers(1 << 31)), 0, n, tuple(external_positions(chain.menu))).arrays]


MODELS: Mapping[str, ModelBlock] = {
    "ecl": ModelBlock(modules=("ecl",), tests=("trigger/ecl",), stimuli=_ecl, first=256),
    "klm": ModelBlock(modules=("klm.py",), tests=("trigger/test_klm.py", "hdl/test_klm.py"), stimuli=_klm, first=500),
    "klm.line": ModelBlock(modules=("klm_line.py",), tests=("trigger/test_klm_line.py",), stimuli=_klm_line, first=400),
    "grl": ModelBlock(modules=("grl",), tests=("trigger/grl",), stimuli=_grl, first=128),
    "menu": ModelBlock(
        modules=tuple(f"menu/{name}.py" for name in ("condition", "constant", "inputs", "loader", "menu", "parser", "prescale")),
        tests=("trigger/menu",),
        stimuli=_menu,
        first=3000,
    ),
    "chain": ModelBlock(
        modules=("chain.py", "blocks.py", "menu/filling.py", "menu/wiring.py", "cdc/track_counts.py"),
        tests=(
            "trigger/test_chain.py",
            "trigger/test_blocks.py",
            "trigger/menu/test_wiring.py",
            "trigger/cdc/test_track_counts.py",
            "trigger/displaced/test_matching.py",
        ),
        stimuli=_chain,
        first=32,
    ),
    "tracks.segments": ModelBlock(modules=("cdc/segments",), tests=("trigger/cdc/segments",), stimuli=_segments, first=6),
    "tracks.stream": ModelBlock(
        modules=("cdc/segments/stream.py", "cdc/segments/stream_kernels.py"),
        tests=("trigger/cdc/segments",),
        stimuli=_stream,
        first=8,
    ),
    "tracks.hough": ModelBlock(modules=("cdc/hough",), tests=("trigger/cdc/hough",), stimuli=_hough, first=24),
    "tracks.inputs": ModelBlock(
        modules=tuple(f"cdc/neuro/{name}.py" for name in ("crossing", "event_time", "formats", "inputs", "kernels", "windows")),
        tests=("trigger/cdc/neuro",),
        stimuli=_inputs,
        first=128,
    ),
    "tracks.neuro": ModelBlock(
        modules=tuple(f"cdc/neuro/{name}.py" for name in ("activation", "experts", "mlp")),
        tests=("trigger/cdc/neuro", "trigger/networks"),
        stimuli=_neuro,
        first=48,
    ),
    "tracks.codesign": ModelBlock(
        modules=("cdc/neuro/codesign.py",),
        tests=("trigger/cdc/neuro/test_codesign.py", "trigger/networks"),
        stimuli=_codesign,
        first=64,
    ),
    "tracks.stt": ModelBlock(
        modules=("cdc/single_track.py",), tests=("trigger/cdc/test_single_track.py",), stimuli=_stt, first=500
    ),
    "tracks.neuro_path": ModelBlock(
        modules=("cdc/neuro/trigger.py", "cdc/track_counts.py"),
        tests=("trigger/cdc/neuro/test_trigger.py", "trigger/cdc/test_track_counts.py"),
        stimuli=_inputs,
        first=64,
    ),
    "displaced.fits": ModelBlock(
        modules=("displaced/fit.py", "displaced/stereo.py"),
        tests=("trigger/displaced/test_fit.py", "trigger/displaced/test_stereo.py"),
        stimuli=_fits,
        first=4,
    ),
    "displaced.vertices": ModelBlock(
        modules=tuple(f"displaced/{name}.py" for name in ("tracks", "pairs", "vertex", "features")),
        tests=("trigger/displaced/test_pairs.py", "trigger/displaced/test_features.py"),
        stimuli=_vertices,
        first=40,
    ),
    "displaced.network": ModelBlock(
        modules=("cdc/neuro/codesign.py",),
        tests=("trigger/cdc/neuro/test_codesign.py", "trigger/displaced/test_network.py"),
        stimuli=_vertex_network,
        first=256,
    ),
    "displaced": ModelBlock(
        modules=tuple(f"displaced/{name}.py" for name in ("trigger", "event", "seeds")),
        tests=("trigger/displaced/test_trigger.py", "trigger/displaced/test_seeds.py"),
        stimuli=_displaced,
        first=16,
    ),
    "tracks": ModelBlock(
        modules=("cdc/track_trigger.py", "cdc/door.py"), tests=("trigger/cdc/test_track_trigger.py",), stimuli=_tracks, first=16
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
    """The model of a block, with stimuli and the answers of the unchanged model. A context manager.

    folder: scratch, which must exist. RuntimeError if the unchanged model does not answer, or not pass its tests.
    """

    def __init__(self, block: str, folder: Path, n_events: int, seed: int) -> None:
        self.block, self._folder = block, folder
        self._first, self._all = (folder / f"{name}.npz" for name in ("first", "all"))
        self._answered = folder / "answered.npz"
        rng = stream(seed, f"mutation.model.{block}", Stage.STIMULUS, 0)
        stimuli = MODELS[block].stimuli
        n_first = min(MODELS[block].first, n_events // 2)
        first = stimuli(rng, n_first) if n_first else []
        self._n_first = len(first)
        write_parts(self._first, first)
        write_parts(self._all, first + stimuli(rng, n_events - n_first))

    def __enter__(self) -> Self:
        self._server = ModelServer(ROOT, self._folder).__enter__()
        word = self._server.answer(None, self.block, self._all, self._answered, LIMIT_S)
        if word != DONE:
            self._server.__exit__(None, None, None)
            msg = f"the unchanged model of {self.block} must answer, not end with {word}"
            raise RuntimeError(msg)
        self._wanted = read_parts(self._answered)
        self._first_holds: dict[str, bool] = {}
        self._passes = False
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.__exit__(kind, error, trace)

    def killed_by_answers(self, path: str, fault: SourceFault) -> str | None:
        """FIRST_ANSWERS, ANSWERS, "error" or "timeout", whichever kills a mutant; None if the answers do not."""
        text = (ROOT / path).read_text(encoding="utf-8")
        if path not in self._first_holds:
            self._first_holds[path] = self._n_first > 0 and self._first_answers(path, text) is True
        changed = fault.applied(text)
        if self._first_holds[path] and self._first_answers(path, changed) is False:
            return FIRST_ANSWERS
        word = self._server.answer((path, changed, True), self.block, self._all, self._answered, LIMIT_S)
        if word != DONE:
            return word
        return None if _equal(self._wanted, read_parts(self._answered)) else ANSWERS

    def killed_by_tests(self, path: str, fault: SourceFault) -> str | None:
        """TESTS_FAIL, or None if the tests of the block pass. Those of the changed file come first."""
        mirror = Path("tests", path).with_name(f"test_{Path(path).name}").as_posix()
        paths = [f"tests/{name}" for name in MODELS[self.block].tests]
        if not self._passes:
            self._passes = self._server.tests(None, paths, TESTS_LIMIT_S) == DONE
            if not self._passes:
                msg = f"the unchanged model of {self.block} must pass its tests"
                raise RuntimeError(msg)
        if any(Path(mirror).is_relative_to(each) for each in paths) and (ROOT / mirror).exists():
            paths.insert(0, mirror)
        changed = fault.applied((ROOT / path).read_text(encoding="utf-8"))
        word = self._server.tests((path, changed, True), paths, TESTS_LIMIT_S)
        return None if word == DONE else TESTS_FAIL

    def _first_answers(self, path: str, text: str) -> bool | None:
        """Whether a file with this text, uncompiled, gives the first answers; None if it raises or takes too long."""
        word = self._server.answer((path, text, False), self.block, self._first, self._answered, FIRST_LIMIT_S)
        return _equal(self._wanted[: self._n_first], read_parts(self._answered)) if word == DONE else None


def _equal(one: list[dict[str, np.ndarray]], other: list[dict[str, np.ndarray]]) -> bool:
    return len(one) == len(other) and all(
        a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a) for a, b in zip(one, other, strict=True)
    )
