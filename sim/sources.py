"""Which of our files stand behind a result: imports of its modules, followed, and the declared data of their packages."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import util
from pathlib import Path
from typing import Any

from sim.provenance import file_digest, is_compiled

PACKAGES = ("trigger", "hdl", "hls")
"""Specification, hardware, networks: what a result stands on. `sim` is followed, but not counted: it asks, they answer."""
_FOLLOWED = (*PACKAGES, "sim")


def sources(*modules: str) -> tuple[Path, ...]:
    """The files of `trigger`, `hdl` and `hls` that these modules import, directly or not, and the data beside them, in order.

    modules: dotted names; ValueError for one that does not exist. Imports inside functions count. A package counts with every data
    file in its folder and below. Modules of other packages are not followed.
    """
    todo, found = list(modules), set[str]()
    while todo:
        module = todo.pop()
        if module not in found and _is_ours(module):
            found.add(module)
            todo += _imports(module)
    return tuple(sorted({path for module in found if module.partition(".")[0] in PACKAGES for path in _files(module)}))


@cache
def sources_digest(*modules: str) -> str:
    """SHA-256 over names and contents of `sources`, in hex; read once per process. ValueError as there."""
    top = _path("trigger").parent.parent
    total = hashlib.sha256()
    for path in sources(*modules):
        total.update(f"{path.relative_to(top).as_posix()}\0{file_digest(path)}\n".encode())
    return total.hexdigest()


def sources_hold(record: Mapping[str, Any]) -> bool:
    """Whether the sources of a record (`sources_of`, `digests`) are those of today; not for one that does not name them."""
    try:
        return bool(record["digests"]["sources"] == sources_digest(*record["sources_of"]))
    except (KeyError, TypeError, ValueError):
        return False


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in _FOLLOWED


def _path(module: str) -> Path:
    try:
        found = util.find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None or found.origin is None:
        msg = f"module must be one that can be imported, not {module!r}"
        raise ValueError(msg)
    return Path(found.origin)


def _files(module: str) -> Iterator[Path]:
    path = _path(module)
    yield path
    if path.name == "__init__.py":
        yield from (data for data in path.parent.rglob("*") if data.is_file() and data.suffix != ".py" and not is_compiled(data))


@cache
def _imports(module: str) -> frozenset[str]:
    """Our modules that this one imports, and the packages that it lies in."""
    path = _path(module)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {name for node in ast.walk(tree) for name in _named(node, package)}
    above = {module.rsplit(".", k)[0] for k in range(1, module.count(".") + 1)}
    return frozenset(above | set(_existing(names)))


def _named(node: ast.AST, package: str) -> list[str]:
    """What an import statement may mean: modules, and members of modules, some of which are modules."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    origin = util.resolve_name("." * node.level + (node.module or ""), package)
    return [origin, *(f"{origin}.{alias.name}" for alias in node.names)]


def _existing(names: Iterable[str]) -> Iterator[str]:
    for name in filter(_is_ours, names):
        try:
            _path(name)
        except ValueError:
            continue
        yield name
