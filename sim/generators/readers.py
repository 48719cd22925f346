"""Events of other generators from HepMC and LHE files, brought to the laboratory frame."""

from __future__ import annotations

import enum
import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from types import ModuleType

import numpy as np

from sim.blocks import BLOCK_EVENTS
from sim.generators import beams as beam_tools
from sim.generators.beams import NOMINAL, Beams
from sim.generators.particles import Particles, concatenate
from trigger.errors import InputError

C_CM_PER_NS = 29.9792458


class InputFrame(enum.Enum):
    """Frame of the momenta and vertices of a file.

    LAB: the detector's laboratory frame, crossing angle included. CM: centre of mass, electron along +z. HEAD_ON: beams
    of the nominal energies along the z axis without crossing angle, electron towards +z.
    """

    LAB = "lab"
    CM = "cm"
    HEAD_ON = "head-on"


@dataclass(frozen=True)
class FileEvent:
    """Final-state particles of one event as a file gives them: rows of (pdg, px, py, pz, E, x, y, z, t), GeV, cm, ns."""

    particles: Sequence[tuple[float, ...]]
    weight: float = field(default=1.0)


def iterate(
    path: str | Path, frame: InputFrame = InputFrame.LAB, *, block_events: int = BLOCK_EVENTS, beams: Beams = NOMINAL
) -> Iterator[Particles]:
    """Particles of the file in blocks of block_events events (the last one may be shorter), laboratory frame.

    Suffixes: .hepmc, .hepmc3, .hepmc2 (HepMC 2 and 3, text) and .lhe, each also with .gz. Only final-state particles
    (status 1) are taken; the first weight of an event is its weight, of either sign. HepMC vertices are taken as they
    are; in LHE files they follow from the lifetimes of decayed particles.

    InputError, naming the file and the event: a file of another kind, cut in mid-event or without its last line,
    damaged, without events, with momenta or weights that are not finite, or with an energy that is not positive.
    """
    path = Path(path)
    events = _reader(path).events(path)
    first = 0
    while chunk := list(_take(events, block_events)):
        yield _to_lab(_pack(path, chunk, first), frame, beams)
        first += len(chunk)
    if first == 0:
        raise InputError(f"{path}: holds no events")


def count(path: str | Path) -> int:
    """Events of a file, as it announces them; InputError as in `iterate`, but only for what shows without reading events."""
    path = Path(path)
    return _reader(path).count(path)


def read(path: str | Path, frame: InputFrame = InputFrame.LAB, *, beams: Beams = NOMINAL) -> Particles:
    """All events of a file at once; see `iterate`."""
    return concatenate(list(iterate(path, frame, beams=beams)))


def _reader(path: Path) -> ModuleType:
    """Module with `count` and `events` for this kind of file."""
    suffix = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    # Imported here: each reader needs a package of its own.
    if suffix in (".hepmc", ".hepmc3", ".hepmc2"):
        return importlib.import_module("sim.generators.hepmc")
    if suffix == ".lhe":
        return importlib.import_module("sim.generators.lhe")
    raise InputError(f"{path}: name must end in .hepmc, .hepmc3, .hepmc2 or .lhe (and .gz), not {path.suffix or 'nothing'}")


def _take(events: Iterator[FileEvent], n: int) -> Iterator[FileEvent]:
    for _, event in zip(range(n), events, strict=False):
        yield event


def _pack(path: Path, events: list[FileEvent], first: int) -> Particles:
    counts = np.array([len(event.particles) for event in events])
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    weight = np.array([event.weight for event in events], float)
    rows = np.array(list(chain.from_iterable(event.particles for event in events)), float).reshape(-1, 9)
    owner = np.repeat(np.arange(len(events)), counts)
    for bad, what in (
        (owner[~np.isfinite(rows).all(axis=1)], "momenta, energies and vertices must be finite"),
        (np.flatnonzero(~np.isfinite(weight)), "the weight must be finite"),
        (owner[rows[:, 4] <= 0.0], "energies must be positive"),
    ):
        if len(bad):
            raise InputError(f"{path}: event {first + int(bad[0])}: {what}")
    _, px, py, pz, energy, vx, vy, vz, t = np.ascontiguousarray(rows.T)
    pdg = rows[:, 0].astype(np.int32)
    return Particles(
        offsets=offsets, pdg=pdg, px=px, py=py, pz=pz, energy=energy, vx=vx, vy=vy, vz=vz, t=t, weight=weight
    )  # fmt: skip


def _to_lab(particles: Particles, frame: InputFrame, beams: Beams) -> Particles:
    if frame is InputFrame.LAB:
        return particles
    p = particles
    momenta = np.stack([p.energy, p.px, p.py, p.pz])
    places = np.stack([p.t * C_CM_PER_NS, p.vx, p.vy, p.vz])
    if frame is InputFrame.HEAD_ON:
        electron, positron = beams.electron_energy_gev, beams.positron_energy_gev
        total = (electron + positron, 0.0, 0.0, electron - positron)
        momenta, places = (np.stack(beam_tools.boost_to_cm(total, *vectors)) for vectors in (momenta, places))
    total_lab = np.array(beams.total)
    energy, px, py, pz = beam_tools.generator_to_lab(momenta, total_lab, beams)
    ct, vx, vy, vz = beam_tools.generator_to_lab(places, total_lab, beams)
    return Particles(
        offsets=p.offsets, pdg=p.pdg, px=px, py=py, pz=pz, energy=energy, vx=vx, vy=vy, vz=vz,
        t=ct / C_CM_PER_NS, weight=p.weight,
    )  # fmt: skip
