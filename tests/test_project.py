"""What holds for the repository as a whole: who imports whom, sizes, lint, types, the lock file, versions, paths."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import trigger
from trigger.ecl import EclParameters

ROOT = Path(__file__).parents[1]
PACKAGES = ("trigger", "hdl", "hls", "sim")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IGNORED = {line.strip().rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line.strip()}
MAX_LINES = 400

THIRD_PARTY = {
    "trigger": {"numpy", "numba"},
    "hdl": {"numpy", "amaranth"},
    "hls": {"numpy", "numba", "tensorflow", "keras", "hgq", "hls4ml", "da4ml", "quantizers"},
}
"""Packages that each package of ours may import besides the standard library; `sim` may import anything."""
KNOWS = {"trigger": {"trigger"}, "hdl": {"trigger", "hdl"}, "hls": {"trigger", "hls"}, "sim": {"trigger", "sim"}}
USES_HARDWARE = ("sim.cosim", "sim.studies", "sim.cli")
"""Parts of `sim` that may import `hdl` and `hls`, inside functions."""
LEVEL = {"generators": 1, "detector": 2, "offline": 3, "generation": 4, "cosim": 5, "studies": 6, "cli": 7}
"""Floors of `sim`; its other modules are on floor 0 and serve all. A module knows its own part and the floors below."""


def project_files(*suffixes: str) -> Iterator[Path]:
    """Files of the repository, ignored ones apart."""
    folders = [ROOT]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if path.name == ".git" or any(path.match(pattern) for pattern in IGNORED):
                continue
            if path.is_dir():
                folders.append(path)
            elif not suffixes or path.suffix in suffixes:
                yield path


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(module, lazily) of every import of a file; lazily: inside a function or for the type checker alone."""

    def visit(node: ast.AST, lazy: bool) -> Iterator[tuple[str, bool]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports must be absolute"
            assert node.module is not None
            yield from ((f"{node.module}.{alias.name}", lazy) for alias in node.names)
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        is_for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, lazy or is_function or is_for_types)

    yield from visit(ast.parse(path.read_text()), False)


def broken_rules(importer: str, imported: str, lazy: bool) -> Iterator[str]:
    """Rules of the architecture that one import breaks."""
    package, target = importer.partition(".")[0], imported.partition(".")[0]
    if target not in PACKAGES:
        allowed = THIRD_PARTY.get(package)
        if allowed is not None and target not in allowed | set(sys.stdlib_module_names):
            yield f"{importer} imports {target}; {package} may import {', '.join(sorted(allowed))}"
        if package == "sim" and target in {"amaranth", "tensorflow", "keras"} and not lazy:
            yield f"{importer} imports {target} when it is loaded"
    elif package == "sim" and target in {"hdl", "hls"}:
        if not importer.startswith(USES_HARDWARE):
            yield f"{importer} imports {imported}; only {', '.join(USES_HARDWARE)} may"
        if not lazy:
            yield f"{importer} imports {imported} when it is loaded"
    elif target not in KNOWS[package]:
        yield f"{importer} imports {imported}; {package} knows {', '.join(sorted(KNOWS[package]))}"
    elif package == "sim" and target == "sim":
        own, other = (name.split(".")[1] if "." in name else "" for name in (importer, imported))
        if own != other and LEVEL.get(other, 0) >= max(LEVEL.get(own, 0), 1):
            yield f"{importer} imports {imported}, which is not on a floor below"


def test_imports_follow_the_architecture():
    broken = [
        rule
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for imported, lazy in imports(path)
        for rule in broken_rules(module_name(path), imported, lazy)
    ]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("importer", "imported", "lazy", "breaks"),
    [
        ("trigger.ecl.sums", "numba.njit", False, False),
        ("trigger.ecl.sums", "scipy.special", True, True),
        ("trigger.ecl.sums", "sim.files", True, True),
        ("trigger.ecl.sums", "hdl.ecl", True, True),
        ("hdl.ecl.trigger", "amaranth.hdl", False, False),
        ("hdl.ecl.trigger", "hls.networks", False, True),
        ("hls.train", "sim.files", True, True),
        ("sim.cosim.runner", "hdl.ecl.trigger", True, False),
        ("sim.cosim.runner", "hdl.ecl.trigger", False, True),
        ("sim.offline.reco", "hdl.ecl.trigger", True, True),
        ("sim.files", "sim.generators.gun", False, True),
        ("sim.generators.gun", "sim.blocks", False, False),
        ("sim.generators.gun", "sim.detector.response", False, True),
        ("sim.detector.response", "sim.generators.particles", False, False),
        ("sim.cosim.runner", "sim.studies.tables", True, True),
        ("sim.offline.reco", "sim.detector.response", False, False),
        ("sim.offline.reco", "sim.studies.tables", True, True),
        ("sim.cli.demo", "sim.studies.tables", False, False),
    ],
)
def test_import_rule_itself(importer, imported, lazy, breaks):
    assert bool(list(broken_rules(importer, imported, lazy))) is breaks


BLOCKER = """
import importlib, pkgutil, sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in ALLOWED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
ALLOWED = {"trigger", "numpy", "numba", "llvmlite"} | set(sys.stdlib_module_names)
sys.meta_path.insert(0, Blocker())
import trigger
print(*{name.partition(".")[0] for name in sys.modules} & {"numpy", "numba", "llvmlite"})
for module in pkgutil.walk_packages(trigger.__path__, "trigger."):
    importlib.import_module(module.name)
"""


def test_trigger_is_importable_with_numpy_and_numba_alone():
    """Every module of it, in a process that can import nothing else; `import trigger` alone loads neither, so it is quick."""
    run = subprocess.run([sys.executable, "-c", BLOCKER], capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


def test_files_stay_short():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in project_files(".py", "")
        if path.name != "LICENSE" and (lines := len(path.read_text().splitlines())) > MAX_LINES
    }
    assert not long


@pytest.mark.parametrize("command", [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)], ids=" ".join)
def test_lint_and_types(command):
    run = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_lock_file_pins_everything_with_hashes():
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"https?:|file:|index-url|find-links|--extra", text)
    entries = [entry for entry in re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip()) if not entry.startswith("#")]
    pinned = {}
    for entry in entries:
        requirement, *hashes = re.split(r"\s+--hash=sha256:", entry.split("\n")[0].strip())
        parsed = Requirement(requirement)
        assert [spec.operator for spec in parsed.specifier] == ["=="], requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in hashes), requirement
        pinned[canonicalize_name(parsed.name)] = next(iter(parsed.specifier)).version
    wanted = [*PROJECT["dependencies"], *(line for lines in PROJECT["optional-dependencies"].values() for line in lines)]
    for line in wanted:
        asked = Requirement(line)
        version = pinned.get(canonicalize_name(asked.name))
        assert version is not None, f"{line} is not in requirements.lock"
        assert asked.specifier.contains(version), f"{line}, but requirements.lock has {version}"


def test_one_version_everywhere():
    version = PROJECT["version"]
    assert trigger.__version__ == version
    assert re.search(rf"^version: {re.escape(version)}$", (ROOT / "CITATION.cff").read_text(), re.M)
    assert re.search(rf"^## {re.escape(version)} \(", (ROOT / "CHANGELOG.md").read_text(), re.M)


def test_root_holds_what_readme_names():
    readme = (ROOT / "README.md").read_text()
    listing = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    for name in sorted({line.partition("/")[0] for line in listing.splitlines()} - {"README.md", ".gitignore"}):
        assert f"`{name}" in readme, f"README.md does not name {name}"


def test_commands_of_readme_exist():
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    verbs = {path.stem for path in (ROOT / "sim" / "cli").glob("[a-z]*.py")}
    assert set(re.findall(r"(?:`|^ {4})make ([a-z]+)", readme, re.M)) <= targets
    assert {verb.replace("-", "_") for verb in re.findall(r"^ *darktrigger ([a-z-]+)", readme, re.M)} <= verbs


def test_no_absolute_paths_of_a_machine():
    """Nothing in the repository knows where it was made or needs a folder outside it."""
    foreign = re.compile(r"(?<![\w.}<])/(?:work|tmp|root|home|opt|mnt)/|\.librar[y]|\.\./share[d]")
    found = []
    for path in project_files(".py", ".md", ".toml", ".lock", ".cff", ".csv", ".json", ".ipynb", ".v", ".tcl", ""):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if foreign.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, "\n".join(found)


def test_python_example_of_readme_runs():
    readme = (ROOT / "README.md").read_text()
    section = readme.partition("## From Python")[2].partition("\n## ")[0]
    code = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    decision = names["decision"]
    assert decision.ecl_etotal_adc.tolist() == [320]  # type: ignore[attr-defined]


def test_parameter_file_of_readme_is_accepted(tmp_path):
    text = re.search(r"printf '(.*)' > my.toml", (ROOT / "README.md").read_text())
    assert text is not None
    (tmp_path / "my.toml").write_text(text[1].replace("\\n", "\n"))
    assert EclParameters.from_toml(tmp_path / "my.toml") != EclParameters.default()
