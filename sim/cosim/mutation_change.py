"""A changed file of `trigger`, for one process: it is imported with another text, and nothing is written.

Kernels that depend on the file are compiled in memory, all others come from the cache. Or they are left as plain Python, with those
that they may call: this costs no compilation, but numbers differ from those of compiled code where they overflow: this raises, and
whoever runs a model so must then compile it and look again.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np
from numba import njit

_WIDTH = 8
"""Bytes of the integers of compiled code; narrower ones are Python's when they leave an array."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Another text for a file. path: from the root of the project. is_compiled: whether what depends on it is."""

    path: str
    text: str
    is_compiled: bool = True

    def install(self) -> None:
        """From now on this process has the change. `trigger` must not be imported yet."""
        compiled: Any = importlib.import_module("trigger.compiled")
        changed, compile_it = compiled.ROOT / self.path, compiled.kernel
        depending = [files for module in _kernel_modules(compiled.ROOT) if changed in (files := compiled.sources_of(module))]
        callable_files = {file for files in depending for file in files}

        def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
            if not self.is_compiled:
                return plain(function) if Path(function.__code__.co_filename) in callable_files else compile_it(function)
            depends = changed in compiled.sources_of(function.__module__)
            return in_memory(function) if depends else compile_it(function)

        compiled.kernel = kernel
        if not self.is_compiled:
            np.seterr(over="raise", divide="raise", invalid="raise")
        name = ".".join(Path(self.path).with_suffix("").parts)
        sys.meta_path.insert(0, _Finder(_Loader(name, changed, self.text)))


def in_memory(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` compiled as `trigger.compiled.kernel` does, but never cached: the cache knows files, not changed texts."""
    return njit(nogil=True)(function)


def _kernel_modules(root: Path) -> list[str]:
    """Modules of `trigger` that have kernels."""
    files = (file for file in (root / "trigger").rglob("*.py") if "@kernel" in file.read_text(encoding="utf-8"))
    return [".".join(file.relative_to(root).with_suffix("").parts) for file in files]


class _Loader(SourceFileLoader):
    """Of a file with another text."""

    def __init__(self, name: str, path: Path, text: str) -> None:
        super().__init__(name, str(path))
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Of one module."""

    def __init__(self, loader: _Loader) -> None:
        self._loader = loader

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != self._loader.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._loader.path, loader=self._loader)


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with arguments that behave as in compiled code: fields of records by name, integers of 64 bits."""

    def run(*arguments: Any) -> Any:
        return _given_back(function(*(_widened(argument) for argument in arguments)))

    return run


class _Array(np.ndarray):
    """An array whose elements are as in compiled code."""

    def __getitem__(self, key: Any) -> Any:
        return _widened(super().__getitem__(key))


class _Record:
    """An element of a structured array, to be read."""

    def __init__(self, value: np.void) -> None:
        self._value = value

    def __getattr__(self, name: str) -> Any:
        return _widened(self._value[name])


def _widened(value: Any) -> Any:
    match value:
        case _Array():
            return value
        case np.ndarray():
            return value.view(_Array)
        case np.void():
            return _Record(value)
        case np.integer() if value.itemsize < _WIDTH:
            return int(value)
        case tuple():
            return _rebuilt(value, map(_widened, value))
        case _:
            return value


def _given_back(value: Any) -> Any:
    match value:
        case _Array():
            return value.view(np.ndarray)
        case tuple():
            return _rebuilt(value, map(_given_back, value))
        case _:
            return value


def _rebuilt(value: tuple[Any, ...], parts: Iterable[Any]) -> tuple[Any, ...]:
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
