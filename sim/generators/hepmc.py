"""HepMC text files (versions 2 and 3), event by event."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from sim.generators.readers import C_CM_PER_NS, FileEvent
from trigger.errors import InputError

_FINAL = 1
_START, _END, _EVENT = b"HepMC::", b"END_EVENT_LISTING", b"\nE "
_CHUNK = 1 << 20


def events(path: Path) -> Iterator[FileEvent]:
    """Events of the file in order; InputError if it is foreign, cut or damaged."""
    import pyhepmc

    declared = count(path)
    # The library reports damage on the standard streams and then stops; this function reports it as an error.
    pyhepmc.Setup.print_errors = pyhepmc.Setup.print_warnings = False
    pyhepmc.Setup.debug_level = 0
    done = 0
    with _open(path) as stream, pyhepmc.open(stream) as reader:
        for event in reader:
            yield _convert(event, pyhepmc)
            done += 1
    if done != declared:
        raise InputError(f"{path}: event {done} is damaged ({declared} events announced)")


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else open(path, "rb")  # type: ignore[return-value]


def count(path: Path) -> int:
    """Events that the file announces; InputError unless it is a complete HepMC listing."""
    n_events, tail, started = 0, b"\n", False
    try:
        with _open(path) as stream:
            while chunk := stream.read(_CHUNK):
                if not started and _START not in chunk[:256]:
                    raise InputError(f"{path}: is not a HepMC file")
                started = True
                # An event line may straddle two chunks.
                n_events += (tail[-2:] + chunk).count(_EVENT)
                tail = (tail + chunk)[-256:]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: compressed data are cut or damaged at event {max(n_events - 1, 0)}: {error}") from error
    if not started:
        raise InputError(f"{path}: is empty")
    if _END not in tail:
        raise InputError(f"{path}: is cut in or after event {max(n_events - 1, 0)}: the end of the listing is missing")
    return n_events


def _convert(event: Any, pyhepmc: Any) -> FileEvent:
    gev = 1.0 if event.momentum_unit == pyhepmc.Units.GEV else 1e-3
    cm = 1.0 if event.length_unit == pyhepmc.Units.CM else 0.1
    rows = []
    for particle in event.particles:
        if particle.status == _FINAL:
            p = particle.momentum
            vertex = particle.production_vertex
            x = vertex.position if vertex is not None else event.event_pos
            rows.append(
                (particle.pid, p.px * gev, p.py * gev, p.pz * gev, p.e * gev,
                 x.x * cm, x.y * cm, x.z * cm, x.t * cm / C_CM_PER_NS)
            )  # fmt: skip
    weights = event.weights
    return FileEvent(rows, float(weights[0]) if len(weights) else 1.0)
