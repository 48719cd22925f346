"""What the model of a block answers to stored stimuli. Imports `trigger` inside functions alone: it may be a changed copy.

Stimuli and answers are files of arrays, named "<part>.<field>"; the parts of a block are run one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]
CHAIN_BLOCKS = ("ecl", "tracks", "klm", "grl", "menu")
"""Blocks of the chain that run."""


def write_parts(path: Path, parts: Iterable[Arrays]) -> None:
    """Write parts to a file (.npz)."""
    arrays: dict[str, Any] = {f"{k}.{name}": array for k, part in enumerate(parts) for name, array in part.items()}
    with path.open("wb") as file:
        np.savez(file, **arrays)


def read_parts(path: Path) -> list[dict[str, np.ndarray]]:
    """The parts of a file."""
    found: dict[int, dict[str, np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as stored:
        for key in stored:
            number, _, name = key.partition(".")
            found.setdefault(int(number), {})[name] = stored[key]
    return [found[number] for number in sorted(found)]


def write_answers(block: str, stimuli: Path, out: Path) -> None:
    """Write what the model of a block answers to the parts of a file."""
    run = ANSWERS[block]
    write_parts(out, [run(part) for part in read_parts(stimuli)])


def _ecl(given: Arrays) -> Arrays:
    from trigger.ecl import EclTrigger

    offsets, tc_id, adc = (given[f"ecl_{name}"] for name in ("offsets", "tc_id", "adc"))
    return EclTrigger().run(offsets, tc_id, adc, given.get("ecl_time"), given.get("ecl_phase")).arrays()


def _klm(given: Arrays) -> Arrays:
    from trigger.klm import KlmTrigger

    return KlmTrigger().run(**given).arrays()


def _klm_line(given: Arrays) -> Arrays:
    from trigger.klm_line import KlmLineTrigger

    return KlmLineTrigger().run(**given).arrays()


def _grl(given: Arrays) -> Arrays:
    from trigger.grl import GrlTrigger

    return GrlTrigger().run(**given).arrays()


def _menu(given: Arrays) -> Arrays:
    from trigger.menu import PrescaleCounters, l1_accept, load_menu

    menu = load_menu("exp16")
    ftdl = menu.evaluate(given["input_bits"])
    psnm = PrescaleCounters(period=menu.periods[0]).run(ftdl)
    return {"ftdl": ftdl, "psnm": psnm, "l1": l1_accept(psnm)}


def _stt(given: Arrays) -> Arrays:
    from trigger.cdc import SingleTrackTrigger

    return SingleTrackTrigger().run(**given).arrays()


def _segments(given: Arrays) -> Arrays:
    from trigger.cdc import SegmentFinder

    return vars(SegmentFinder().run(**given))


def _stream(given: Arrays) -> Arrays:
    from trigger.cdc.segments import SegmentStream

    return _plain(vars(SegmentStream().run(**given)))


def _hough(given: Arrays) -> Arrays:
    from trigger.cdc import HoughFinder

    return _plain(vars(HoughFinder().run(**given)))


def _inputs(given: Arrays) -> Arrays:
    from trigger.cdc import HoughPlane, NeuroInputs
    from trigger.cdc.hough import HoughTracks

    tracks = {name: array for name, array in given.items() if name.startswith("track_")}
    segments = [given[name] for name in ("offsets", "ts_id", "priority", "lr", "time")]
    return vars(NeuroInputs().run(HoughTracks(plane=HoughPlane(), **tracks), *segments))


def _neuro_path(given: Arrays) -> Arrays:
    from trigger.cdc import HoughPlane, NeuroTrigger, SingleTrackTrigger
    from trigger.cdc.hough import HoughTracks
    from trigger.cdc.track_counts import FitterCuts, count_fitter_tracks
    from trigger.networks import DEFAULT_NETWORK, load_network

    tracks = {name: array for name, array in given.items() if name.startswith("track_")}
    segments = [given[name] for name in ("offsets", "ts_id", "priority", "lr", "time")]
    neuro = NeuroTrigger(load_network(DEFAULT_NETWORK).network).run(HoughTracks(plane=HoughPlane(), **tracks), *segments)
    offsets, answered = tracks["track_offsets"], (neuro.track_expert, neuro.track_z_raw)
    single = SingleTrackTrigger().run(offsets, tracks["track_omega_raw"], *answered, neuro.track_theta_raw)
    return {**_plain(vars(neuro)), **_plain(vars(single)), "t3": count_fitter_tracks(offsets, *answered, FitterCuts())}


def _tracks(given: Arrays) -> Arrays:
    from trigger.cdc import TrackTrigger
    from trigger.networks import DEFAULT_NETWORK, load_network

    decision = TrackTrigger(network=load_network(DEFAULT_NETWORK).network, neuro_clocks=1).run(**given)
    return {**_plain(vars(decision.tracks)), **_plain(vars(decision.neuro)), **_plain(vars(decision.single))}


def _neuro(given: Arrays) -> Arrays:
    from trigger.networks import CLASSIC, load_network

    network: Any = load_network(CLASSIC).network
    return {str(k): expert.run(given["x_raw"]) for k, expert in enumerate(network.experts)}


def _codesign(given: Arrays) -> Arrays:
    from trigger.networks import load_network
    from trigger.networks.families import CODESIGN

    return {"answer": load_network(CODESIGN).codesign.run(given["x_raw"])}


def _displaced(given: Arrays) -> Arrays:
    from trigger.displaced import DisplacedTrigger

    return DisplacedTrigger().run(**given).arrays()


def _fits(given: Arrays) -> Arrays:
    from sim.cosim import displaced_fits
    from trigger.displaced import DisplacedTrigger

    # The loop as plain Python calls kernels as they come, compiled or not.
    loop: Any = displaced_fits.fill
    return {"tracks": displaced_fits.expected(DisplacedTrigger(), displaced_fits.Windows(**given), loop.py_func)}


def _vertices(given: Arrays) -> Arrays:
    from sim.cosim import displaced_vertices
    from sim.cosim.stimulus.displaced_tracks import TrackWindows
    from trigger.displaced import DisplacedTrigger

    trigger, own = DisplacedTrigger(), ("offsets", "place", "position")
    numbers = {name: array for name, array in given.items() if name not in own}
    windows = TrackWindows(**{name: given[name] for name in own}, numbers=numbers)
    # The loop as plain Python calls kernels as they come, compiled or not.
    loop: Any = displaced_vertices.fill
    return displaced_vertices.found_in(trigger.parameters, trigger.cuts, windows, loop.py_func)._asdict()


def _vertex_network(given: Arrays) -> Arrays:
    from trigger.displaced.network import shipped_network

    return {"answer": shipped_network().run(given["x_raw"])}


def _chain(given: Arrays) -> Arrays:
    from trigger.chain import Chain
    from trigger.menu import PrescaleCounters

    chain = Chain(blocks=CHAIN_BLOCKS)
    return chain.run(given, PrescaleCounters(period=chain.period)).arrays()


def _plain(values: Mapping[str, Any]) -> Arrays:
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


ANSWERS: Mapping[str, Callable[[Arrays], Arrays]] = {
    "ecl": _ecl, "klm": _klm, "klm.line": _klm_line, "grl": _grl, "menu": _menu, "chain": _chain, "tracks.segments": _segments,
    "tracks.stream": _stream, "tracks.hough": _hough, "tracks.inputs": _inputs, "tracks.neuro": _neuro,
    "tracks.codesign": _codesign, "tracks.stt": _stt, "tracks.neuro_path": _neuro_path, "tracks": _tracks,
    "displaced.fits": _fits, "displaced.vertices": _vertices, "displaced.network": _vertex_network, "displaced": _displaced,
}  # fmt: skip
