"""`darktrigger generate`: event files of a process, or of another generator's events, through the detector."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trigger.errors import InputError

if TYPE_CHECKING:
    from sim.detector.cdc import CdcResponse
    from sim.detector.ecl.config import EclResponse
    from sim.detector.klm import KlmResponse
    from sim.generation import FileSource
    from sim.generators.process import Generator
    from sim.generators.processes import Process

_PROCESSES = (
    "photon-gun, particle-gun, gamma-gamma, three-gamma, bhabha, bhabha-one-side, e-e-gamma, radiative-bhabha, mu-mu, "
    "mu-mu-gamma, tau-tau, u-u, d-d, s-s, c-c, y4s, e-e-mu-mu, e-e-e-e, dark-photon, z-prime, dark-photon-visible, z-prime-mu-mu, "
    "z-prime-tau-tau, z-prime-e-mu, z-prime-e-mu-visible, alp-three-gamma, alp-fusion, dark-higgsstrahlung, "
    "pseudoscalar-gamma, y1s-pi-pi, four-mu, mu-mu-tau-tau, e-e-tau-tau, mu-mu-pi-pi, "
    "long-lived-gun, k-short-gun, idm-photon, idm-dark-higgs, b-to-k-s, b-to-k-alp, tau-l-alpha, photon-conversion, "
    "secondary-interactions, background-tracks or cosmics; none with --from-file."
)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger generate gamma-gamma --events 1000 --seed 1 --out events.npz")(generate)


def generate(
    out: Annotated[Path, typer.Option(help="Event file to write (.npz, .parquet, .root).")],
    process: Annotated[str | None, typer.Argument(help=_PROCESSES)] = None,
    events: Annotated[int | None, typer.Option(min=1, help="Events of the sample; with --from-file all if left out.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random number.")] = 1,
    from_file: Annotated[Path | None, typer.Option(help="Events of another generator: .hepmc, .hepmc3, .lhe, also .gz.")] = None,
    smear_vertex: Annotated[bool, typer.Option("--smear-vertex", help="--from-file: add the interaction point.")] = False,
    frame: Annotated[str | None, typer.Option(help="photon-gun: flat in lab or cm. --from-file: lab, cm or head-on.")] = None,
    e_star: Annotated[str | None, typer.Option(help="photon-gun: E* range in GeV, a:b.")] = None,
    theta: Annotated[str | None, typer.Option(help="Guns: polar angle range in degrees, a:b.")] = None,
    pdg: Annotated[int | None, typer.Option(help="particle-gun: particle code.")] = None,
    momentum: Annotated[str | None, typer.Option(help="particle-gun: range in GeV, a:b.")] = None,
    spectrum: Annotated[str | None, typer.Option(help="particle-gun: flat in p, pt or 1/pt.")] = None,
    z: Annotated[str | None, typer.Option(help="particle-gun: vertex range along z in cm, a:b.")] = None,
    theta_min: Annotated[float | None, typer.Option(help="Collisions: smallest CM angle to the beams in degrees.")] = None,
    lost: Annotated[float | None, typer.Option(help="e-e-gamma: largest CM angle of a lepton to its beam in degrees.")] = None,
    isr: Annotated[bool | None, typer.Option("--isr/--no-isr", help="gamma-gamma, bhabha: collinear radiation.")] = None,
    isr_mass_min: Annotated[float | None, typer.Option(help="--isr: smallest mass of the pair in GeV.")] = None,
    accept: Annotated[str | None, typer.Option(help="bhabha with --isr: both or either lepton inside the angles.")] = None,
    seen: Annotated[str | None, typer.Option(help="radiative-bhabha: both leptons, or one, outside the beams.")] = None,
    pair_mass_min: Annotated[float | None, typer.Option(help="mu-mu, radiative-bhabha: smallest mass of the pair in GeV.")] = None,
    e_star_min: Annotated[float | None, typer.Option(help="Three-particle processes: smallest photon E* in GeV.")] = None,
    weighted: Annotated[
        bool | None, typer.Option("--weighted/--unweighted", help="Three-particle processes: keep the weights.")
    ] = None,
    mass: Annotated[float | None, typer.Option(help="New particle: mass in GeV.")] = None,
    epsilon: Annotated[float | None, typer.Option(help="dark-photon, dark-higgsstrahlung: kinetic mixing.")] = None,
    coupling: Annotated[float | None, typer.Option(help="z-prime: coupling; alp: coupling to photons in 1/GeV.")] = None,
    ctau: Annotated[float | None, typer.Option(help="New particle: mean proper decay length in cm.")] = None,
    decay: Annotated[str | None, typer.Option(help="New particle: its final state; a wrong one lists the choices.")] = None,
    mediator: Annotated[str | None, typer.Option(help="z-prime-mu-mu, z-prime-tau-tau: vector, scalar or pseudoscalar.")] = None,
    higgs_mass: Annotated[float | None, typer.Option(help="dark-higgsstrahlung, idm-dark-higgs: dark Higgs mass in GeV.")] = None,
    higgs_ctau: Annotated[float | None, typer.Option(help="idm-dark-higgs: decay length of the dark Higgs in cm.")] = None,
    higgs_decay: Annotated[
        str | None, typer.Option(help="idm-dark-higgs: mu-mu, pi-pi or k-k; dark-higgsstrahlung: invisible or a-a.")
    ] = None,
    chi_mass: Annotated[float | None, typer.Option(help="idm-photon, idm-dark-higgs: mass of chi1 in GeV.")] = None,
    splitting: Annotated[float | None, typer.Option(help="idm-photon, idm-dark-higgs: mass of chi2 above chi1 in GeV.")] = None,
    kaon: Annotated[str | None, typer.Option(help="b-to-k-s, b-to-k-alp: k or k-star.")] = None,
    flat_radius: Annotated[str | None, typer.Option(help="long-lived-gun, k-short-gun: flat radius of decay in cm, a:b.")] = None,
    meson: Annotated[str | None, typer.Option(help="pseudoscalar-gamma: pi0, eta or eta-prime.")] = None,
    upsilon: Annotated[str | None, typer.Option(help="y1s-pi-pi: 2s or 3s.")] = None,
    mode: Annotated[str, typer.Option(help="Digitiser: fast or waveform.")] = "fast",
    background: Annotated[str, typer.Option(help="Beam background: none, low, nominal or high; guesses.")] = "none",
    background_scale: Annotated[float, typer.Option(help="Factor on the background.")] = 1.0,
    background_hits: Annotated[Path | None, typer.Option(help="Your hits of random triggers (.npz, .parquet, .root).")] = None,
    wires: Annotated[bool, typer.Option("--wires", help="Add the hits of the drift chamber's wires.")] = False,
    wire_background: Annotated[str, typer.Option(help="--wires: none, low, nominal or high; guesses.")] = "none",
    wire_background_scale: Annotated[float, typer.Option(help="--wires: factor on the background.")] = 1.0,
    wire_hits: Annotated[Path | None, typer.Option(help="--wires: your hits of random triggers.")] = None,
    wire_t0: Annotated[float | None, typer.Option(help="--wire-hits of the experiment: TDC count of the event time.")] = None,
    dead: Annotated[Path | None, typer.Option(help="--wires: TOML file with dead wires.")] = None,
    klm: Annotated[bool, typer.Option("--klm", help="Add the hits of the KLM's sectors and layers.")] = False,
    klm_background: Annotated[str, typer.Option(help="--klm: none, low, nominal or high; guesses.")] = "none",
    klm_background_scale: Annotated[float, typer.Option(help="--klm: factor on the background.")] = 1.0,
    klm_strips: Annotated[bool, typer.Option("--klm-strips", help="--klm: strips, for emulate --klm-mode lines.")] = False,
    gain: Annotated[float, typer.Option(help="Factor on the energy of every cell.")] = 1.0,
    offline: Annotated[bool, typer.Option("--offline/--no-offline", help="Add what analyses see, the off_* fields.")] = True,
    experiment: Annotated[int, typer.Option(min=0, help="Experiment number of every event.")] = 0,
    run: Annotated[int, typer.Option(min=0, help="Run number of every event.")] = 0,
    event_blocks: Annotated[str | None, typer.Option(help="Logical blocks a:b of the sample, b excluded.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 is as many as pay.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
) -> None:
    """Make an event file: primitives, truth and offline quantities of a process or of another generator's events.

    The events depend on the seed and the options alone, not on the number of workers. An interrupted run goes on where it
    stopped when the same command is given again. A background preset is a guess and is called so in the file.
    """
    from sim.blocks import n_blocks
    from sim.cli._options import parse_event_blocks
    from sim.detector.background_hits import read_background_hits
    from sim.detector.cdc.overlay import read_wire_hits
    from sim.files import check_output
    from sim.generation import Sample, generate_file

    check_output(out, overwrite=overwrite)
    options = {
        "e-star": e_star,
        "theta": theta,
        "pdg": pdg,
        "momentum": momentum,
        "spectrum": spectrum,
        "z": z,
        "theta-min": theta_min,
        "lost": lost,
        "isr": isr,
        "isr-mass-min": isr_mass_min,
        "accept": accept,
        "seen": seen,
        "pair-mass-min": pair_mass_min,
        "e-star-min": e_star_min,
        "weighted": weighted,
        "mass": mass,
        "epsilon": epsilon,
        "coupling": coupling,
        "ctau": ctau,
        "decay": decay,
        "mediator": mediator,
        "higgs-mass": higgs_mass,
        "higgs-ctau": higgs_ctau,
        "higgs-decay": higgs_decay,
        "chi-mass": chi_mass,
        "splitting": splitting,
        "kaon": kaon,
        "flat-radius": flat_radius,
        "meson": meson,
        "upsilon": upsilon,
    }
    if not wires and (wire_hits or dead or wire_background != "none" or wire_background_scale != 1.0):
        raise InputError("--wire-background, --wire-background-scale, --wire-hits and --dead need --wires")
    if wire_t0 is not None and not wire_hits:
        raise InputError("--wire-t0 is for --wire-hits")
    if not klm and (klm_background != "none" or klm_background_scale != 1.0 or klm_strips):
        raise InputError("--klm-background, --klm-background-scale and --klm-strips need --klm")
    declared, source = _source(process, from_file, frame, smear_vertex, options)
    n_events = _n_events(events, from_file)
    sample = Sample(
        name=declared.name if declared else "file",
        source=source,
        response=_response(mode, background, background_scale, gain),
        background_hits=read_background_hits(background_hits) if background_hits else None,
        drift_chamber=_drift_chamber(wire_background, wire_background_scale, dead) if wires else None,
        wire_hits=read_wire_hits(wire_hits, wire_t0) if wire_hits else None,
        klm=_klm(klm_background, klm_background_scale, klm_strips) if klm else None,
        offline=offline,
        experiment=experiment,
        run=run,
    )
    written = generate_file(
        out,
        sample,
        n_events,
        seed,
        blocks=parse_event_blocks(event_blocks, n_blocks(n_events)),
        workers=workers or None,
        overwrite=overwrite,
        process=declared,
    )
    typer.echo(f"{written:,} events -> {out}")


def _source(
    process: str | None, from_file: Path | None, frame: str | None, smear_vertex: bool, options: Mapping[str, Any]
) -> tuple[Process | None, Generator | FileSource]:
    from sim.cli._process_options import build_generator, find_process, parse_choice
    from sim.generation import FileSource
    from sim.generators.readers import InputFrame

    if from_file is None:
        if process is None:
            raise InputError(f"PROCESS is missing: {_PROCESSES}")
        if smear_vertex:
            raise InputError("--smear-vertex is for --from-file; processes have their interaction point")
        declared = find_process(process)
        return declared, build_generator(declared, {**options, "frame": frame})
    if process is not None:
        raise InputError(f"PROCESS and --from-file exclude each other; {process!r} and {from_file} were given")
    for option, value in options.items():
        if value is not None:
            raise InputError(f"--{option} is an option of a process, not of --from-file")
    in_frame = InputFrame.LAB if frame is None else parse_choice("--frame", frame, InputFrame)
    return None, FileSource(path=from_file, frame=in_frame, smear_vertex=smear_vertex)


def _n_events(events: int | None, from_file: Path | None) -> int:
    from sim.generators import readers

    if from_file is None:
        if events is None:
            raise InputError("--events is missing: how many events?")
        return events
    available = readers.count(from_file)
    if events is not None and events > available:
        raise InputError(f"--events: {from_file} holds {available} events, not {events}")
    if available == 0:
        raise InputError(f"{from_file}: holds no events")
    return available if events is None else events


def _response(mode: str, background: str, background_scale: float, gain: float) -> EclResponse:
    from sim.cli._process_options import parse_choice
    from sim.detector.background import Background, BackgroundPreset
    from sim.detector.ecl.config import DigitiserMode, EclResponse

    preset = parse_choice("--background", background, BackgroundPreset)
    digitiser = parse_choice("--mode", mode, DigitiserMode)
    try:
        return EclResponse(mode=digitiser, gain=gain, background=Background(preset=preset, scale=background_scale))
    except ValueError as error:
        raise InputError(str(error)) from error


def _drift_chamber(background: str, scale: float, dead: Path | None) -> CdcResponse:
    from sim.cli._process_options import parse_choice
    from sim.detector.cdc import CdcResponse, WireBackground, WirePreset
    from trigger.cdc.mask import CdcMask

    preset = parse_choice("--wire-background", background, WirePreset)
    mask = CdcMask() if dead is None else CdcMask.from_toml(dead)
    try:
        return CdcResponse(background=WireBackground(preset=preset, scale=scale), mask=mask)
    except ValueError as error:
        raise InputError(str(error)) from error


def _klm(background: str, scale: float, strips: bool) -> KlmResponse:
    from sim.cli._process_options import parse_choice
    from sim.detector.klm import KlmBackground, KlmPreset, KlmResponse

    preset = parse_choice("--klm-background", background, KlmPreset)
    try:
        return KlmResponse(background=KlmBackground(preset=preset, scale=scale), strips=strips)
    except ValueError as error:
        raise InputError(str(error)) from error
