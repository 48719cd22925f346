"""Compiled kernels: a changed constant or function of another file is never answered by old machine code."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import trigger
from trigger.compiled import ROOT, sources_of

PROGRAM = "import trigger.doubling as d; print(d.outer(5))"
HELPER = "from trigger.compiled import kernel\n\n\n@kernel\ndef inner(x):\n    return {} * x\n"
CALLER = (
    "from trigger.compiled import kernel\nfrom trigger.factor import inner\n\n\n@kernel\ndef outer(x):\n    return inner(x) + 1\n"
)


def test_a_change_in_another_file_is_seen(tmp_path: Path) -> None:
    package = tmp_path / "trigger"
    package.mkdir()
    for name in ("__init__.py", "compiled.py"):
        shutil.copy(Path(trigger.__file__).parent / name, package)
    (package / "doubling.py").write_text(CALLER, encoding="utf-8")
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path)}

    def answer() -> str:
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, cwd=tmp_path
        )
        return run.stdout.strip()

    (package / "factor.py").write_text(HELPER.format(2), encoding="utf-8")
    assert (answer(), answer()) == ("11", "11")
    assert list((tmp_path / "cache").rglob("doubling.outer*.nbc"))
    (package / "factor.py").write_text(HELPER.format(3), encoding="utf-8")
    assert answer() == "16"


def test_sources_follow_every_form_of_import() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in sources_of("sim.detector.ecl.tracks")}
    assert {"sim/detector/ecl/energy_loss.py", "sim/detector/ecl/shower.py", "trigger/geometry/beams.py"} <= names
    assert "trigger/menu/menu.py" not in names


def test_no_other_way_to_compile() -> None:
    allowed = {"trigger/compiled.py", "sim/cosim/mutation_change.py"}  # the second: mutants, in memory, never cached
    files = [path for package in ("trigger", "sim", "hdl", "hls") for path in (ROOT / package).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in files if re.search(r"\bn?jit\(", path.read_text(encoding="utf-8"))}
    assert found == allowed
