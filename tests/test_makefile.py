"""`make setup` on machines that lack something: the missing thing is named with the package that brings it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKE = shutil.which("make")
TOOLS = ("sed", "touch", "mkdir", "cp", "chmod", "env")

PYTHON = """#!/bin/sh
# A Python of another version: answers what it is, and writes down everything else that it is asked to do.
if [ "$1" = -c ]; then
    exec {real} -c "import sys, platform
sys.version_info = {numbers}
platform.python_version = lambda: '{version}'
exec(sys.argv[1])" "$2"
fi
echo "{name} $*" >>{log}
if [ "$2" = venv ]; then
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/python"
fi
"""


class Machine:
    """A folder with the project's build files, and a PATH on which only the named tools are."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.bin = folder / "bin"
        self.log = folder / "log"
        for path in (self.project, self.bin):
            path.mkdir()
        for name in ("Makefile", "pyproject.toml", "requirements.lock"):
            shutil.copy(ROOT / name, self.project)
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)

    def has(self, *tools: str) -> None:
        for tool in tools:
            (self.bin / tool).write_text("#!/bin/sh\n")
            (self.bin / tool).chmod(0o755)

    def has_python(self, name: str, version: str) -> None:
        numbers = tuple(map(int, version.split(".")))
        script = PYTHON.format(real=sys.executable, numbers=numbers, version=version, name=name, log=self.log)
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def setup(self) -> subprocess.CompletedProcess[str]:
        assert MAKE is not None
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
        environment |= {"PATH": str(self.bin)}
        return subprocess.run([MAKE, "setup"], cwd=self.project, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("missing", ["g++", "make", "perl"])
def test_missing_tool_is_named_with_its_package(machine, missing):
    machine.has(*{"g++", "make", "perl"} - {missing})
    machine.has_python("python3", "3.12.1")
    run = machine.setup()
    assert run.returncode == 2
    assert f"error: {missing} is missing; the Debian package {missing} brings it" in run.stderr
    assert not machine.log.exists()


@pytest.mark.parametrize("version", ["3.9.2", "3.10.14", "3.14.0"])
def test_unfit_python_is_named_with_the_range(machine, version):
    machine.has("g++", "make", "perl")
    machine.has_python("python3", version)
    run = machine.setup()
    assert run.returncode == 2
    assert f"error: Python must be >=3.11,<3.14; python3 is {version};" in run.stderr
    assert not machine.log.exists()


def test_no_python_at_all(machine):
    machine.has("g++", "make", "perl")
    run = machine.setup()
    assert run.returncode == 2
    assert "error: Python must be >=3.11,<3.14; none was found (the Debian package python3 brings one)" in run.stderr


@pytest.mark.parametrize("version", ["3.11.0", "3.12.9", "3.13.1"])
def test_fit_python_is_used_even_if_it_is_not_the_first(machine, version):
    machine.has("g++", "make", "perl")
    machine.has_python("python3", "3.14.2")
    name = f"python{version.rpartition('.')[0]}"
    machine.has_python(name, version)
    run = machine.setup()
    assert run.returncode == 0, run.stderr
    assert machine.log.read_text().startswith(f"{name} -m venv .venv\n")


def test_setup_installs_the_lock_once_per_change(machine):
    machine.has("g++", "make", "perl")
    machine.has_python("python3", "3.11.7")
    assert machine.setup().returncode == 0
    venv, locked, own = machine.log.read_text().splitlines()
    assert venv == "python3 -m venv .venv"
    assert "--require-hashes -r requirements.lock" in locked
    assert "--no-deps --no-build-isolation --editable ." in own

    assert machine.setup().returncode == 0
    assert len(machine.log.read_text().splitlines()) == 3

    lock = machine.project / "requirements.lock"
    later = (machine.project / ".venv" / ".setup").stat().st_mtime + 1
    os.utime(lock, (later, later))
    assert machine.setup().returncode == 0
    assert len(machine.log.read_text().splitlines()) == 6


def test_failed_installation_is_tried_again(machine):
    machine.has("g++", "make", "perl")
    machine.has_python("python3", "3.11.7")
    broken = (machine.bin / "python3").read_text().replace('mkdir -p "$3/bin"', "exit 1")
    (machine.bin / "python3").write_text(broken)
    assert machine.setup().returncode != 0
    assert not (machine.project / ".venv" / ".setup").exists()
    machine.has_python("python3", "3.11.7")
    assert machine.setup().returncode == 0
