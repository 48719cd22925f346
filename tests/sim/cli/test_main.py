"""The command: quick help, one line per error, exit status, extras that are not there."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.testing import CliRunner

import sim.cli
from sim.cli._extras import EXTRA_OF
from sim.cli._options import parse_blocks, parse_event_blocks
from trigger import __version__
from trigger.errors import InputError

ROOT = Path(__file__).parents[3]
BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
sys.argv = ["darktrigger", *{arguments!r}]
from sim.cli import main
main()
"""


def run_without(blocked: set[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process where some packages cannot be imported."""
    script = BLOCKED.format(blocked=blocked, arguments=arguments)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def verbs() -> list[str]:
    return sorted(path.stem for path in Path(sim.cli.__file__).parent.glob("[a-z]*.py"))


def test_help_names_every_verb_and_needs_typer_alone():
    heavy = set(EXTRA_OF) - {"typer", "rich"} | {"numba", "llvmlite"}
    shown = run_without(heavy, "--help")
    assert shown.returncode == 0, shown.stderr
    for verb in verbs():
        assert f"  {verb} " in shown.stdout


def commands(app: typer.Typer, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Words of every command, those of groups included."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield (*path, command.name or command.callback.__name__.replace("_", "-"))
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance, (*path, str(group.name)))


@pytest.mark.parametrize("words", list(commands(sim.cli.build_app())), ids=" ".join)
def test_help_of_every_command_has_an_example(words):
    shown = CliRunner().invoke(sim.cli.build_app(), [*words, "--help"])
    assert shown.exit_code == 0
    assert f"Example: darktrigger {' '.join(words)}" in " ".join(shown.output.split())


def test_every_module_is_a_verb():
    assert {words[0] for words in commands(sim.cli.build_app())} == set(verbs())


def test_version():
    shown = CliRunner().invoke(sim.cli.build_app(), ["--version"])
    assert (shown.exit_code, shown.output) == (0, f"darktrigger {__version__}\n")


def test_missing_extra_is_named():
    shown = run_without({"typer"}, "--help")
    assert shown.returncode == 2
    assert shown.stderr == ("error: this needs typer, of the extra 'sim'; install it with: pip install 'darktrigger[sim]'\n")
    assert "Traceback" not in shown.stderr


def test_every_extra_is_known_to_the_message():
    """The modules belong to distributions that the extra asks for, and every distribution of every extra is covered."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {
        extra: {canonicalize_name(Requirement(line).name) for line in lines}
        for extra, lines in project["optional-dependencies"].items()
    }
    distributions = packages_distributions()
    covered: dict[str, set[str]] = {}
    for module, extra in EXTRA_OF.items():
        owners = {canonicalize_name(name) for name in distributions.get(module, [])}
        assert owners, f"{module} is not installed"
        covered.setdefault(extra, set()).update(owners)
    for extra, names in covered.items():
        assert asked[extra] <= names, extra
    assert set(asked) - set(covered) == {"dev"}


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (InputError("a.npz: field weight, event 3: must be finite"), 2, "error: a.npz: field weight, event 3: must"),
        (OSError(28, "No space left on device", "x"), 2, "error: [Errno 28] No space left on device: 'x'"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (KeyboardInterrupt("interrupted; 3 of 9 blocks are kept"), 130, "interrupted; 3 of 9 blocks are kept"),
        (ModuleNotFoundError("x", name="amaranth.hdl"), 2, "error: this needs amaranth.hdl, of the extra 'hdl'; install"),
    ],
)
def test_errors_are_one_line_and_a_status(monkeypatch, error, status, line):
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("sim.emulation.emulate_file", fails)
    monkeypatch.setattr("sim.files.n_blocks_in", lambda path: 1)
    monkeypatch.setattr("sim.files.check_output", lambda path, overwrite: path)
    shown = CliRunner().invoke(sim.cli.build_app(), ["emulate", "a.npz", "--out", "b.npz"])
    assert shown.exit_code == status
    assert shown.stderr.startswith(line)
    assert shown.stderr.count("\n") == 1


def test_a_defect_of_the_program_is_not_hidden(monkeypatch):
    def fails(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'sim.nowhere'", name="sim.nowhere")

    monkeypatch.setattr("sim.files.check_output", fails)
    shown = CliRunner().invoke(sim.cli.build_app(), ["emulate", "a.npz", "--out", "b.npz"])
    assert isinstance(shown.exception, ModuleNotFoundError)


def test_blocks_that_do_not_exist_yet_are_named():
    assert parse_blocks("ecl") == ("ecl",)
    with pytest.raises(InputError, match="tracks does not exist in this version; it has ecl"):
        parse_blocks("ecl, tracks")
    with pytest.raises(InputError, match="'elc' is not a block; known are ecl, tracks, klm, grl, menu, displaced, chain"):
        parse_blocks("elc")


@pytest.mark.parametrize(("text", "expected"), [(None, range(9)), ("2:5", range(2, 5)), (":3", range(3)), ("8:", range(8, 9))])
def test_event_blocks(text, expected):
    assert parse_event_blocks(text, 9) == expected


@pytest.mark.parametrize("text", ["", "3", "3:3", "5:2", "-1:2", "0:10", "a:b", "1:2:3"])
def test_impossible_event_blocks_are_refused(text):
    with pytest.raises(InputError, match="--event-blocks must be a:b with 0 <= a < b <= 9"):
        parse_event_blocks(text, 9)


def test_a_reader_that_leaves_is_no_error():
    """`darktrigger menu list | head -1`: the writer ends in silence with status 0."""
    command = [sys.executable, "-c", "from sim.cli import main; main()", "menu", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        assert run.stderr.read() == b""
        assert run.wait() == 0
