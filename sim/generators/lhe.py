"""Les Houches event files, event by event."""

from __future__ import annotations

import gzip
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from sim.generators.readers import C_CM_PER_NS, FileEvent
from trigger.errors import InputError

_FINAL, _DECAYED = 1, 2
_CM_PER_MM = 0.1
_DAMAGE = (ParseError, RuntimeWarning, ValueError, TypeError, IndexError, EOFError, zlib.error, gzip.BadGzipFile, StopIteration)


def events(path: Path) -> Iterator[FileEvent]:
    """Events of the file in order; InputError if it is foreign, cut or damaged."""
    import pylhe

    # The library turns a broken file into a warning and stops; here it has to be an error.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            reader = iter(pylhe.LHEFile.fromfile(str(path), with_attributes=False).events)
    except _DAMAGE as error:
        raise InputError(f"{path}: is not an LHE file, or its beginning is damaged: {error}") from error
    done = 0
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                event = next(reader, None)
            converted = None if event is None else _convert(event)
        except _DAMAGE as error:
            raise InputError(f"{path}: is cut or damaged in event {done}: {error}") from error
        if converted is None:
            return
        yield converted
        done += 1


def count(path: Path) -> int:
    """Events of the file; InputError if it is foreign, cut or damaged as XML."""
    import pylhe

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            return int(pylhe.LHEFile.count_events(str(path)))
    except _DAMAGE as error:
        raise InputError(f"{path}: is not a complete LHE file: {error}") from error


def _convert(event: Any) -> FileEvent:
    if event.eventinfo.nparticles != len(event.particles):
        msg = f"{event.eventinfo.nparticles} particles are announced, {len(event.particles)} are there"
        raise ValueError(msg)
    places = _production(event.particles)
    rows = [
        (int(p.id), p.px, p.py, p.pz, p.e, *place)
        for p, place in zip(event.particles, places, strict=True)
        if int(p.status) == _FINAL
    ]
    return FileEvent(rows, float(event.eventinfo.weight))


def _production(particles: list[Any]) -> list[tuple[float, float, float, float]]:
    """Production point (cm, cm, cm, ns) of every particle: where its mother, flying c tau p / m, has decayed."""
    birth: list[tuple[float, float, float, float]] = []
    death: list[tuple[float, float, float, float]] = []
    for p in particles:
        mother = int(p.mother1) - 1
        decayed = 0 <= mother < len(death) and int(particles[mother].status) == _DECAYED
        start = death[mother] if decayed else (0.0, 0.0, 0.0, 0.0)
        birth.append(start)
        flight = _CM_PER_MM * p.lifetime / p.m if int(p.status) == _DECAYED and p.lifetime > 0.0 and p.m > 0.0 else 0.0
        x, y, z, t = start
        death.append((x + flight * p.px, y + flight * p.py, z + flight * p.pz, t + flight * p.e / C_CM_PER_NS))
    return birth
