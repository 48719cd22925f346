"""Which files stand behind a result: followed imports and data, nothing of other blocks."""

import hashlib
from pathlib import Path

import pytest

from sim import sources as module
from sim.sources import sources, sources_digest, sources_hold

TOP = Path(module.__file__).parents[1]


def names(*roots: str) -> set[str]:
    return {path.relative_to(TOP).as_posix() for path in sources(*roots)}


def test_model_declarations_and_data_stand_behind_the_hardware():
    found = names("hdl.ecl.trigger")
    assert {"hdl/ecl/trigger.py", "hdl/ecl/sums.py", "hdl/__init__.py", "trigger/ecl/trigger.py", "trigger/errors.py"} <= found
    data = {path.relative_to(TOP).as_posix() for path in (TOP / "trigger").rglob("*.csv")}
    assert data
    assert data <= found


def test_other_blocks_do_not():
    found = names("hdl.klm")
    assert "hdl/klm.py" in found
    assert not {name for name in found if name.startswith(("hdl/ecl", "hdl/grl", "hdl/proofs", "hls"))}


def test_modules_of_the_simulation_lead_on_but_do_not_count():
    """The comparison of the menu imports its model and, inside a function, its hardware."""
    found = names("sim.cosim.menu")
    assert {"hdl/menu/trigger.py", "trigger/menu/menu.py"} <= found
    assert not {name for name in found if name.startswith(("sim/", "hdl/ecl/trigger"))}


def test_digest_is_of_names_and_contents():
    total = hashlib.sha256()
    for path in sources("trigger.errors"):
        total.update(f"{path.relative_to(TOP).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    assert sources_digest("trigger.errors") == total.hexdigest()
    assert sources_digest("hdl.klm") != sources_digest("hdl.klm_line")


def test_an_edit_changes_the_digest_of_what_stands_on_it(tmp_path, monkeypatch):
    for name, text in {"hdl/__init__.py": "", "hdl/a.py": "from hdl import b\n", "hdl/b.py": "", "hdl/c.py": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(module, "_path", lambda name: existing(tmp_path / name.replace(".", "/")))

    def digest() -> str:
        module.sources_digest.cache_clear()
        module._imports.cache_clear()
        return sources_digest("hdl.a")

    def existing(path: Path) -> Path:
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if candidate.is_file():
                return candidate
        raise ValueError(path)

    monkeypatch.setattr(module, "PACKAGES", ("hdl",))
    (tmp_path / "trigger").mkdir()
    (tmp_path / "trigger" / "__init__.py").write_text("")
    before = digest()
    (tmp_path / "hdl/c.py").write_text("x = 1\n")
    assert digest() == before
    (tmp_path / "hdl/b.py").write_text("x = 1\n")
    edited = digest()
    assert edited != before
    (tmp_path / "hdl/__pycache__").mkdir()
    (tmp_path / "hdl/__pycache__/kernels.py311.nbi").write_text("compiled by numba")
    assert digest() == edited
    (tmp_path / "hdl/table.csv").write_text("1\n")
    assert digest() != edited
    module.sources_digest.cache_clear()
    module._imports.cache_clear()


def test_a_record_holds_while_its_sources_stay():
    record = {"sources_of": ["hdl.klm"], "digests": {"sources": sources_digest("hdl.klm")}}
    assert sources_hold(record)
    assert not sources_hold(record | {"digests": {"sources": "0"}})


@pytest.mark.parametrize("edit", [{"sources_of": None}, {"sources_of": ["hdl.gone"]}, {"digests": {}}, {"digests": None}])
def test_a_record_that_says_less_does_not(edit):
    record = {"sources_of": ["hdl.klm"], "digests": {"sources": sources_digest("hdl.klm")}}
    assert not sources_hold(record | edit)


def test_what_does_not_exist_is_named():
    with pytest.raises(ValueError, match=r"not 'hdl\.gone'"):
        sources("hdl.gone")
