"""Options of the studies of samples: single photons, tracks, displaced vertices, rates; and what is written and printed of each."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import ClassVar

from sim.detector.background import BackgroundPreset
from sim.generators.long_lived import Daughters
from sim.injection import Injection
from sim.klm_mode import LAYERS, klm_parameters
from sim.studies.asked import Asked
from sim.studies.block_study import write_tables
from sim.studies.counting import Counters
from sim.studies.displaced import DisplacedStudy
from sim.studies.rates import GUESS_SCALES, LUMINOSITIES, RateStudy
from sim.studies.single_photon import SinglePhotonStudy
from sim.studies.tables import as_text
from sim.studies.tracks import TrackStudy
from trigger.chain import Chain
from trigger.ecl import EclCalibration, EclParameters
from trigger.errors import InputError
from trigger.menu.injection import InjectionVeto
from trigger.networks import shipped_networks


@dataclass(frozen=True, kw_only=True)
class PhotonRecipe(Asked[SinglePhotonStudy]):
    """Options of `study single-photon`. background: of the turn-on samples, by name. parameters, calibration: files."""

    verb: ClassVar[str] = "study single-photon"
    events: int
    seed: int = 1
    background: str = BackgroundPreset.NONE.name
    parameters: str | None = None
    calibration: str | None = None

    def study(self) -> SinglePhotonStudy:
        """The study; InputError for anything that does not exist or cannot be read."""
        return SinglePhotonStudy(
            events=self.events,
            seed=self.seed,
            background=BackgroundPreset[self.background],
            parameters=EclParameters.default() if self.parameters is None else EclParameters.from_toml(Path(self.parameters)),
            calibration=EclCalibration() if self.calibration is None else EclCalibration.from_toml(Path(self.calibration)),
        )

    def finish(
        self, study: SinglePhotonStudy, counters: dict[str, Counters], out: Path, workers: int = 1, scheduler: str | None = None
    ) -> list[str]:
        """Tables and pictures; the fits of the turn-on."""
        from sim.studies.photon_plots import plots

        tables = write_tables(study.tables(counters), out)
        plots(tables, out)
        fits = tables["turn_on_fits"].where(sample="gun", selection="all", region="rings of the line", cut="counts, look-up")
        columns = (
            *("line", "threshold_gev", "e50_gev", "e50_error", "width_gev", "width_error"),
            *("plateau", "plateau_low", "plateau_high", "events"),
        )
        return [as_text(fits, columns), _made(study, len(tables), out)]


@dataclass(frozen=True, kw_only=True)
class TrackRecipe(Asked[TrackStudy]):
    """Options of `study tracks`. networks: shipped ones by name, or files; none for all shipped ones."""

    verb: ClassVar[str] = "study tracks"
    events: int
    seed: int = 1
    networks: tuple[str, ...] = ()

    def study(self) -> TrackStudy:
        """The study; InputError for anything that does not exist or cannot be read."""
        return TrackStudy(events=self.events, seed=self.seed, networks=self.networks or shipped_networks())

    def finish(
        self, study: TrackStudy, counters: dict[str, Counters], out: Path, workers: int = 1, scheduler: str | None = None
    ) -> list[str]:
        """Tables, pictures and report; resolutions and plateaus."""
        from sim.studies.tracks_plots import plots
        from sim.studies.tracks_report import write_report

        tables = write_tables(study.tables(counters), out)
        report = write_report(tables, plots(tables, out), out / "report.html")
        plateau = tables["plateau"].where(given="2D track")
        columns = ("network", "background", "step", "n", "efficiency", "low", "high")
        return [as_text(tables["resolution_summary"]), as_text(plateau, columns), _made(study, len(tables), report)]


@dataclass(frozen=True, kw_only=True)
class DisplacedRecipe(Asked[DisplacedStudy]):
    """Options of `study displaced`. windows: of beam background, for the cuts. mass_gev, decay: of the long-lived particle."""

    verb: ClassVar[str] = "study displaced"
    events: int
    windows: int = 400_000
    seed: int = 1
    mass_gev: float = 1.0
    decay: str = Daughters.MUONS.value

    def study(self) -> DisplacedStudy:
        """The study; InputError for an impossible particle."""
        modes = [mode.value for mode in Daughters]
        if self.decay not in modes:
            msg = f"--decay must be one of {', '.join(modes)}, not {self.decay}"
            raise InputError(msg)
        decay = Daughters(self.decay)
        return DisplacedStudy(events=self.events, windows=self.windows, seed=self.seed, mass_gev=self.mass_gev, decay=decay)

    def finish(
        self, study: DisplacedStudy, counters: dict[str, Counters], out: Path, workers: int = 1, scheduler: str | None = None
    ) -> list[str]:
        """Tables and pictures; cuts, efficiencies by range of the radius at the nominal level, what the searches keep."""
        from sim.studies.displaced_counts import CROSSED
        from sim.studies.displaced_plot import plots
        from sim.studies.displaced_tables import DECISIONS

        tables = write_tables(study.tables(counters), out)
        pictures = plots(tables, out)
        summary = tables["displaced_summary"].where(background="x1 (guess)", among=CROSSED)
        chosen = tuple(row for row in summary.rows if row[summary.columns.index("decision")] in DECISIONS)
        columns = ("low_edge", "high_edge", "decision", "n", "k", "efficiency", "low", "high")
        return [
            as_text(tables["displaced_cuts"]),
            as_text(replace(summary, rows=chosen), columns),
            as_text(tables["displaced_offline"]),
            f"{len(pictures)} pictures, {_made(study, len(tables), out)}",
        ]


@dataclass(frozen=True, kw_only=True)
class RateRecipe(Asked[RateStudy]):
    """Options of `menu rates`.

    luminosities: name and cm^-2 s^-1, the first one is printed. preset: of all backgrounds, by name. injection: injections per
    second (None where events carry their times), full veto, end of the gated one and gate in us; None: there are none.
    """

    verb: ClassVar[str] = "menu rates"
    menu: str = "exp16"
    period: str | None = None
    luminosities: tuple[tuple[str, float], ...] = tuple(LUMINOSITIES.items())
    preset: str = "NOMINAL"
    scales: tuple[float, ...] = GUESS_SCALES
    injection: tuple[float | None, float, float, float] | None = None
    klm_mode: str = LAYERS
    events: int = 65_536
    seed: int = 1

    def study(self) -> RateStudy:
        """The study; InputError for anything that does not exist or cannot be read."""
        injection = None
        if self.injection is not None:
            rate_hz, *windows = self.injection
            names = (field.name for field in fields(InjectionVeto))
            injection = Injection(rate_hz=rate_hz, windows=InjectionVeto(**dict(zip(names, windows, strict=True))))
        return RateStudy(
            chain=Chain(menu=self.menu, period=self.period, klm=klm_parameters(self.klm_mode)),
            events=self.events,
            seed=self.seed,
            preset=self.preset,
            scales=self.scales,
            injection=injection,
            luminosities=dict(self.luminosities),
        )

    def finish(
        self, study: RateStudy, counters: dict[str, Counters], out: Path, workers: int = 1, scheduler: str | None = None
    ) -> list[str]:
        """Tables; the largest lines at one point, and the whole menu."""
        tables = write_tables(study.tables(counters), out)
        point = "design" if "design" in study.luminosities else next(iter(study.luminosities))
        scale = study.scales[len(study.scales) // 2]
        chosen = tables["rates"].where(point=point, background_scale=scale)
        place = chosen.columns.index("kept_hz")
        largest = tuple(sorted(chosen.rows, key=lambda row: -float(row[place] or 0.0))[:_LARGEST])
        columns = ("line", "prescale", "fired_hz", "kept_hz", "kept_low", "kept_high", "exclusive_hz", "guessed_hz")
        return [
            f"largest lines at {point}, background x {scale:g} (GUESS):",
            as_text(replace(chosen, rows=largest), columns),
            as_text(tables["rate_totals"]),
            *tables["rate_totals"].notes,
            f"{len(tables)} tables, menu {study.chain.menu.name}, period {study.chain.period.name}, seed {study.seed} -> {out}",
        ]


_LARGEST = 20
"""Lines that are printed."""


def _made(study: SinglePhotonStudy | TrackStudy | DisplacedStudy, count: int, place: Path) -> str:
    return f"{count} tables, seed {study.seed}, study {study.digest()[:12]} -> {place}"
