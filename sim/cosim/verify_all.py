"""Verification of every block and of the chain, one record each; records that still hold are taken over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.cosim import (
    chain,
    grl,
    klm,
    klm_line,
    menu,
    verify_codesign,
    verify_displaced,
    verify_displaced_fits,
    verify_neuro,
    verify_neuro_path,
    verify_stream,
    verify_track_trigger,
    verify_tracks,
    verify_vertices,
)
from sim.cosim.campaign import Job
from sim.cosim.record import ForeignCheckpoint, checkpoint_path
from sim.cosim.segments import ALL as ALL_SUPERLAYERS
from sim.cosim.verify import Request, verify_ecl
from sim.sources import sources_hold
from trigger.chain import DEFAULT_MENU
from trigger.menu import load_menu
from trigger.networks import DEFAULT_NETWORK, load_network
from trigger.networks.families import CODESIGN, DISPLACED


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block as it ships. share: part of the events asked for that it gets. unit: what an event of this block is."""

    name: str
    verify: Callable[[Job], dict[str, Any]]
    share: float = 1.0
    unit: str = "events"


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The record of a block, where it lies, and whether it was there before."""

    block: Block
    record: dict[str, Any]
    path: Path
    was_kept: bool


def _ecl(job: Job) -> dict[str, Any]:
    return verify_ecl(Request(**vars(job)))


def _codesign(job: Job) -> dict[str, Any]:
    return verify_codesign.verify_codesign(job, load_network(CODESIGN))


def _neuro_path(job: Job) -> dict[str, Any]:
    return verify_neuro_path.verify_neuro_path(job, load_network(DEFAULT_NETWORK))


def _tracks(job: Job) -> dict[str, Any]:
    return verify_track_trigger.verify_tracks(job, load_network(DEFAULT_NETWORK))


def _vertex_network(job: Job) -> dict[str, Any]:
    return verify_vertices.verify_vertices(job, load_network(DISPLACED))


def _menu(job: Job) -> dict[str, Any]:
    return menu.verify_menu(job, load_menu(DEFAULT_MENU))


def _chain(job: Job) -> dict[str, Any]:
    return chain.verify_chain(chain.ChainJob(**vars(job)))


_SUPERLAYER = 1 / len(ALL_SUPERLAYERS)
_SLOW = 0.1
"""Of displaced vertices and what has the 2D finder or several stages of the tracks: a tenth says as much per hour (our choice)."""
BLOCKS = (
    Block(name="ecl", verify=_ecl, unit="windows"),
    Block(name=verify_tracks.SEGMENTS, verify=verify_tracks.verify_segments, share=_SUPERLAYER, unit="frames of 9 superlayers"),
    Block(name=verify_stream.STREAM, verify=verify_stream.verify_stream, share=_SLOW, unit="frames of 3 octants"),
    Block(name=verify_tracks.HOUGH, verify=verify_tracks.verify_hough, share=_SLOW, unit="frames"),
    Block(name=verify_neuro.INPUTS, verify=verify_neuro.verify_inputs, unit="frames"),
    Block(name=verify_tracks.NEURO, verify=verify_tracks.verify_neuro, unit="input vectors"),
    Block(name=verify_codesign.CODESIGN, verify=_codesign, unit="input vectors"),
    Block(name=verify_neuro.STT, verify=verify_neuro.verify_stt),
    Block(name=verify_neuro_path.NEURO_PATH, verify=_neuro_path, share=_SLOW, unit="frames"),
    Block(name=verify_track_trigger.TRACKS, verify=_tracks, share=_SLOW, unit="frames"),
    Block(name=klm.BLOCK, verify=klm.verify_klm),
    Block(name=klm_line.BLOCK, verify=klm_line.verify_line),
    Block(name=grl.BLOCK, verify=grl.verify_grl),
    Block(name=verify_displaced_fits.FITS, verify=verify_displaced_fits.verify_fits, share=_SLOW, unit="windows of 27 seeds"),
    Block(name=verify_displaced.VERTICES, verify=verify_displaced.verify_vertices, share=_SLOW, unit="windows of tracks"),
    Block(name=verify_vertices.NETWORK, verify=_vertex_network, share=_SLOW, unit="input vectors"),
    Block(name=verify_displaced.DISPLACED, verify=verify_displaced.verify_displaced, share=_SLOW, unit="windows"),
    Block(name=menu.BLOCK, verify=_menu),
    Block(name=chain.BLOCK, verify=_chain, share=_SLOW),
)
"""Blocks of `verify all`, in the order of the data; another one joins with its line here."""


def verify_all(job: Job, folder: Path, blocks: tuple[Block, ...] | None = None) -> Iterator[Verified]:
    """Each block's record, as `folder/verify-BLOCK-N.json`, one after the other as they are finished.

    job: events asked for, seed, simulator, workers; `out` and `resume` do not matter. A record that passed is taken over if events,
    seed, simulator and the sources of model, RTL and networks are those of today; a block that was interrupted goes on where it
    stopped. blocks: `BLOCKS` by default. Errors: as for `verify_ecl`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for block in BLOCKS if blocks is None else blocks:
        n_events = max(1, round(job.n_events * block.share))
        path = folder / f"verify-{block.name}-{n_events}.json"
        own = replace(job, n_events=n_events, out=path, resume=checkpoint_path(path).exists())
        record = _kept(own)
        if record is not None:
            yield Verified(block=block, record=record, path=path, was_kept=True)
            continue
        try:
            record = block.verify(own)
        except ForeignCheckpoint:
            record = block.verify(replace(own, resume=False))
        yield Verified(block=block, record=record, path=path, was_kept=False)


def _kept(job: Job) -> dict[str, Any] | None:
    """The record at `job.out` if it says today what this job would say, else None."""
    try:
        record = json.loads(job.out.read_text(encoding="utf-8"))
        wanted = {"passed": True, "n_events": job.n_events, "seed": job.seed, "simulator": job.simulator.value}
        holds = wanted.items() <= record.items() and sources_hold(record)
    except (OSError, ValueError, AttributeError, TypeError):
        return None
    return record if holds and "netlist" not in record else None
