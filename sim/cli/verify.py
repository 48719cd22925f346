"""`darktrigger verify`: millions of events through model and RTL, compared exactly."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from trigger.errors import InputError

EXIT_FAILED = 1
DEFAULT_MENU = "exp16"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger verify ecl --events 20000 --out verify-ecl.json")(verify)


def verify(
    block: Annotated[
        str,
        typer.Argument(
            help="ecl, tracks, tracks.{segments,stream,hough,inputs,neuro,codesign,stt,neuro_path}, klm[.line], grl, "
            "displaced[.{fits,vertices,network}], menu, chain or all."
        ),
    ],
    events: Annotated[int, typer.Option(help="Number of events; of input vectors for tracks.neuro.")] = 100_000,
    out: Annotated[
        Path | None,
        typer.Option(help="Record to write (.json), verify-BLOCK.json by default; all: folder, build/evidence by default."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the events.")] = 1,
    simulator: Annotated[str, typer.Option(help="verilator or icarus.")] = "verilator",
    parameters: Annotated[Path | None, typer.Option(help="ecl, chain: TOML file that changes ETM parameters.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="ecl, chain: TOML file with dead, hot and calibrated cells.")] = None,
    menu: Annotated[str | None, typer.Option("--menu", help="menu, chain: shipped menu or a TOML file; exp16 by default.")] = None,
    period: Annotated[str | None, typer.Option(help="menu, chain: run period with the prescales; the first by default.")] = None,
    waves: Annotated[bool, typer.Option("--waves", help="ecl: keep the waveform of the last event that differs.")] = False,
    network: Annotated[
        str | None,
        typer.Option(
            help="tracks, tracks.{codesign,neuro_path}, displaced.network, chain: network by name or as a file; a shipped one "
            "by default."
        ),
    ] = None,
    reuse: Annotated[
        int | None,
        typer.Option(min=1, help="Of tracks and chain: cycles in which a multiplier serves one track; 4 by default."),
    ] = None,
    tracks: Annotated[Path | None, typer.Option(help="tracks.codesign: file of real tracks, to be compared as well.")] = None,
    netlist: Annotated[
        bool,
        typer.Option("--netlist", help="The netlist that Yosys maps to UltraScale instead of the RTL (minutes to synthesise)."),
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted verification.")] = False,
    workers: Annotated[int | None, typer.Option(help="Simulations at a time; as many as cores by default.")] = None,
    records: Annotated[
        Path | None, typer.Option(help="all: folder with costs, proofs, mutation scores, netlists; docs/records by default.")
    ] = None,
    only_done: Annotated[
        bool, typer.Option("--only-done", help="all: nothing is run, the report has the records that are there.")
    ] = False,
) -> None:
    """Compare every field of every event between the model and the RTL, exactly, latency included.

    `all` is every block as it ships with N events (N/9 or N/10 of what is long to simulate) and one report,
    evidence.html and evidence.json; a block with a record of the same sources in the folder is not repeated.

    Events of ecl: on, below and above every threshold, at every angle edge, random, adversarial, timed, physics. Of
    tracks.segments, in frames of the whole chamber: tracks on background, segments with ties, any filling, extremes. Of
    tracks.stream, hits without end: segments across frames, late, again and again, with jitter and background, links that lose
    beats or slip, resets in mid-stream. Of tracks.hough: tracks, bundles, any filling with random segments, extremes. Of
    tracks.inputs: tracks with segments at the edges of all windows and times, any filling, physics. Of tracks.stt: all
    curvatures, steps of angle and cuts. Of tracks.neuro: five networks of random and corner weights on random and corner
    vectors. Of tracks.codesign: random, corner, simulated and real tracks through integer model, Keras, hls4ml's C++ model and
    RTL. Of tracks.neuro_path: the events of tracks.inputs through input stage, network and single-track trigger as one
    component. Of tracks: frames of segments of both through 2D finder and that. Of klm: any filling, tracks, sectors at the
    cut, extremes. Of klm.line: lines of strips through the origin, at the cut and anywhere, strips where tracks part, full
    sectors. Of displaced: pairs, background at two levels, crowds, random segments, nothing. Of displaced.fits: tracks,
    background, crowds, any seeds. Of displaced.vertices: tracks through one point, duplicates, crowds, any numbers, nothing. Of
    displaced.network: as for tracks.codesign, of vertices. Of grl: patterns of short tracks with and without a gap, tracks and
    clusters at every edge, crowds, any filling. Of menu: many, few and just those input bits that a line reads, with running
    prescale counters. Of chain: the stimuli of the blocks together, and muon pairs through the response of all detectors, from
    cells, segments and KLM layers to the lines. The record has the verdict, digests, versions and the upper limit on the
    mismatch rate. Status 1 if anything differs, is missing or comes in excess.
    """
    from sim.cli._verify_all import ALL, FOLDER, RECORDS, verify_everything
    from sim.cosim import (
        chain,
        grl,
        klm,
        klm_line,
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
    from sim.cosim import menu as global_decision
    from sim.cosim.campaign import Job
    from sim.cosim.simulators import parse_simulator
    from trigger.menu import load_menu
    from trigger.networks import DEFAULT_NETWORK, load_network
    from trigger.networks.families import CODESIGN, DISPLACED

    common: dict[str, Any] = {
        "n_events": events,
        "out": out or Path(f"verify-{block}.json"),
        "seed": seed,
        "simulator": parse_simulator(simulator),
        "resume": resume,
        "workers": os.cpu_count() or 1 if workers is None else workers,
        "netlist": netlist,
    }
    of_network: dict[str, Callable[..., dict[str, Any]]] = {
        verify_neuro_path.NEURO_PATH: verify_neuro_path.verify_neuro_path,
        verify_track_trigger.TRACKS: verify_track_trigger.verify_tracks,
    }
    options: dict[str, dict[str, object]] = {
        ALL: {"--records": records, "--only-done": only_done},
        "ecl": {"--waves": waves},
        f"ecl and {chain.BLOCK}": {"--parameters": parameters, "--calibration": calibration},
        f"{global_decision.BLOCK} and {chain.BLOCK}": {"--menu": menu, "--period": period},
        " and ".join((verify_codesign.CODESIGN, *of_network, chain.BLOCK, verify_vertices.NETWORK)): {"--network": network},
        " and ".join((verify_codesign.CODESIGN, *of_network, chain.BLOCK)): {"--reuse": reuse},
        verify_codesign.CODESIGN: {"--tracks": tracks},
    }
    _refuse_options_of_others(block, options)
    if waves and netlist:
        raise InputError("--waves shows the RTL; leave it out with --netlist")
    if block == ALL:
        if resume or netlist:
            raise InputError("verify all goes on by itself, and reads netlists from the records: leave out --resume and --netlist")
        if not verify_everything(Job(**common), out or FOLDER, records or RECORDS, only_done=only_done):
            raise typer.Exit(EXIT_FAILED)
        return
    whole_blocks: dict[str, Callable[..., dict[str, Any]]] = {
        verify_tracks.HOUGH: verify_tracks.verify_hough,
        verify_tracks.NEURO: verify_tracks.verify_neuro,
        verify_tracks.SEGMENTS: verify_tracks.verify_segments,
        verify_stream.STREAM: verify_stream.verify_stream,
        verify_neuro.INPUTS: verify_neuro.verify_inputs,
        verify_neuro.STT: verify_neuro.verify_stt,
        klm.BLOCK: klm.verify_klm,
        klm_line.BLOCK: klm_line.verify_line,
        grl.BLOCK: grl.verify_grl,
        verify_displaced_fits.FITS: verify_displaced_fits.verify_fits,
        verify_displaced.VERTICES: verify_displaced.verify_vertices,
        verify_displaced.DISPLACED: verify_displaced.verify_displaced,
    }
    if block in whole_blocks:
        record = whole_blocks[block](Job(**common))
    elif block == global_decision.BLOCK:
        record = global_decision.verify_menu(Job(**common), load_menu(menu or DEFAULT_MENU), period)
    elif block == chain.BLOCK:
        settings = _ecl_settings(parameters, calibration) | {"network": load_network(network or DEFAULT_NETWORK)}
        job = chain.ChainJob(
            **common, menu=menu or DEFAULT_MENU, period=period, settings=settings, reuse=reuse or verify_tracks.REUSE
        )
        record = chain.verify_chain(job)
    elif block == verify_codesign.CODESIGN:
        frozen = load_network(network or CODESIGN)
        record = verify_codesign.verify_codesign(Job(**common), frozen, reuse=reuse or verify_tracks.REUSE, tracks=tracks)
    elif block == verify_vertices.NETWORK:
        record = verify_vertices.verify_vertices(Job(**common), load_network(network or DISPLACED))
    elif block in of_network:
        record = of_network[block](Job(**common), load_network(network or DEFAULT_NETWORK), reuse=reuse or verify_tracks.REUSE)
    else:
        record = _verify_ecl(block, common, parameters, calibration, waves)
    _show(record, common["out"])
    if not record["passed"]:
        raise typer.Exit(EXIT_FAILED)


def _refuse_options_of_others(block: str, options: Mapping[str, Mapping[str, object]]) -> None:
    """InputError if an option was given that belongs to other blocks; options: by the blocks that have them, "a" or "a and b"."""
    for owner, given in options.items():
        for name, value in given.items():
            if value and block not in owner.split(" and "):
                raise InputError(f"{name} is an option of verify {owner}, not of verify {block}")


def _verify_ecl(
    block: str, common: dict[str, Any], parameters: Path | None, calibration: Path | None, waves: bool
) -> dict[str, Any]:
    from sim.cli._options import parse_blocks
    from sim.cosim.verify import Request, verify_ecl

    parse_blocks(block)
    return verify_ecl(Request(**common, **_ecl_settings(parameters, calibration), waves=waves))


def _ecl_settings(parameters: Path | None, calibration: Path | None) -> dict[str, Any]:
    from trigger.ecl.calibration import EclCalibration
    from trigger.ecl.parameters import EclParameters

    return {
        "parameters": EclParameters.default() if parameters is None else EclParameters.from_toml(parameters),
        "calibration": EclCalibration() if calibration is None else EclCalibration.from_toml(calibration),
    }


def _show(record: dict[str, Any], out: Path) -> None:
    """Differences, five at most, then the verdict."""
    for row in record["differences"]:
        place = f"{row['field']}[{row['element']}]"
        sides = " ".join(f"{side} {row[f'{side}_raw']} ({row[side]})" for side in ("model", "rtl"))
        typer.echo(f"event {row['event']} {place}: {sides}", err=True)
    counts = ", ".join(f"{record[f'{kind}_events']} {kind}" for kind in ("mismatched", "missing", "extra", "late"))
    latency = ", ".join(f"{cycles} cycles: {n:,}" for cycles, n in record["latency_measured"].items())
    typer.echo(f"{'passed' if record['passed'] else 'FAILED'}: {record['n_events']:,} events, {counts}")
    typer.echo(f"mismatch rate below {record['mismatch_rate_upper_limit_95']:.2g} (95 %); latency {latency}")
    typer.echo(f"{record['wall_s']:.1f} s in {record['simulator']} after {record['build_s']:.1f} s for the model; record {out}")
    if "line_latency" in record:
        cycles = sorted(record["line_latency"].values())
        alone = ", ".join(f"{n} cycles: {cycles.count(n)}" for n in dict.fromkeys(cycles))
        typer.echo(f"lines by the latency that each would have alone (all wait for the last): {alone}")
    for name in record["evidence"].get("event_files", []):
        typer.echo(f"events that differ: {out.with_name(name)}")
    if "waveform" in record["evidence"]:
        typer.echo(f"waveform: {out.with_name(record['evidence']['waveform'])}")
