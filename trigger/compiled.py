"""`kernel`: a function compiled by numba, cached on disk under a digest of every source file that it can depend on.

numba's own cache looks at the function's file alone, so that a changed constant or function of another file would leave old
machine code in use. Here the cache folder is named by the sources of the kernel's module and of all modules of this project that
it imports, directly or not: `$XDG_CACHE_HOME/darktrigger/kernels` (`~/.cache/darktrigger/kernels` where that is not set). Nothing
in the folder is needed: deleting it costs compile time.
"""

import hashlib
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba import njit

ROOT = Path(__file__).parents[1]
_IMPORT = re.compile(r"^(?:from|import)\s+((?:trigger|sim)(?:\.\w+)*)(?: +import +(\([^)]*\)|[^\n]*))?", re.MULTILINE)


def _source(module: str) -> Path | None:
    """File of a module of this project, found without importing it; None if there is none."""
    place = ROOT.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def sources_of(module: str) -> tuple[Path, ...]:
    """Return the files of `module` and of the project's modules that it imports, directly or not, sorted."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = _source(waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        for package, names in _IMPORT.findall(path.read_text(encoding="utf-8")):
            waiting.append(package)
            waiting += [f"{package}.{name}" for name in re.findall(r"\w+", names)]
    return tuple(sorted(found))


@cache
def _folder(module: str) -> str:
    stamp = hashlib.sha256(numba.__version__.encode())
    for path in sources_of(module):
        stamp.update(path.read_bytes())
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return str(Path(base) / "darktrigger" / "kernels" / stamp.hexdigest()[:20])


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` compiled on first use, without the interpreter lock, single-threaded, cached on disk."""
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = _folder(function.__module__)
    try:
        return njit(cache=True, nogil=True)(function)
    finally:
        config.CACHE_DIR = before
