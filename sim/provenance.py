"""The stamp of every result: program, versions, seed, digests, and what the result was made from."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

from trigger import __version__

_ALWAYS = ("numpy", "numba")


def versions(*packages: str) -> dict[str, str]:
    """Versions of darktrigger, Python, numpy, numba and the named distributions ("not installed" where absent)."""
    found = {"darktrigger": __version__, "python": platform.python_version()}
    for package in (*_ALWAYS, *packages):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's content, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_compiled(path: Path) -> bool:
    """Whether a file is what Python or numba keep of their work beside the sources."""
    return path.parent.name == "__pycache__" or path.suffix == ".pyc"


@cache
def package_digest(package: str) -> str:
    """SHA-256 over names and contents of all files of one of our packages, compiled ones apart, in hex; read once per process."""
    found = util.find_spec(package)
    if found is None or found.origin is None:
        msg = f"package must be one that can be imported, not {package!r}"
        raise ValueError(msg)
    folder = Path(found.origin).parent
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not is_compiled(path):
            total.update(f"{path.relative_to(folder).as_posix()}\0{file_digest(path)}\n".encode())
    return total.hexdigest()


def stamp(
    made_by: str,
    *,
    seed: int | None = None,
    digests: Mapping[str, str] | None = None,
    labels: Mapping[str, Any] | None = None,
    source: Mapping[str, Any] | None = None,
    packages: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Metadata of a result, as plain JSON values; without date or host, so that equal runs give equal files.

    made_by: the verb or function. digests: what the result depends on (parameters, calibration, input file) by name.
    labels: anything a reader should know (sample, preset, "guess"). source: metadata of the input, kept whole.
    """
    return {
        "made_by": made_by,
        "seed": seed,
        "versions": versions(*packages),
        "digests": dict(digests or {}),
        "labels": dict(labels or {}),
        **({"source": dict(source)} if source else {}),
    }


def describe(meta: Mapping[str, Any]) -> str:
    """One line for the foot of a plot or a report: maker, seed, first digits of the digests, version."""
    digests = ", ".join(f"{name} {value[:12]}" for name, value in sorted(meta.get("digests", {}).items()))
    version = meta.get("versions", {}).get("darktrigger", "?")
    parts = [f"darktrigger {version} {meta.get('made_by', '')}".strip(), f"seed {meta.get('seed')}", digests]
    return "; ".join(part for part in parts if part)
