"""A user's own searches, selections, generators and blocks, from a Python file or an installed distribution.

A plug-in defines `CHANNEL` (a `sim.studies.channels.Channel`) or `CHANNELS` (several), and may define `BLOCKS`: objects with a
`name` and a method `run(fields) -> dict`, which read the fields of the events and the decisions of the detector blocks and answer
with fields `ext_<input bit>` (bool, one per event) that a menu reads, or with `off_*` and `true_*` fields for selections.
Generators are frozen dataclasses with `generate` and `cross_section` (`sim.generators.process.Generator`).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from sim.studies.channels import Channel
from sim.studies.searches import CHANNELS
from trigger.digest import digest
from trigger.errors import InputError
from trigger.events import validate

ENTRY_POINTS = "darktrigger.searches"
"""Group of entry points; each names a module that is a plug-in, or a channel."""
ANSWER_PREFIXES = ("ext_", "off_", "true_")


class UserBlock(Protocol):
    """A block of a plug-in."""

    name: str

    def run(self, fields: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Answers, events first, of the fields of the events: primitives, `true_*`, `off_*`, decisions of the detector blocks."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A plug-in file: where it was, for messages, and its text, so that workers elsewhere need no file."""

    path: str
    text: str

    @classmethod
    def read(cls, path: Path) -> Plugin:
        """The plug-in of a file; InputError if it cannot be read."""
        try:
            return cls(path=str(path), text=path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            msg = f"--plugin {path}: cannot be read: {error}"
            raise InputError(msg) from error

    def load(self) -> ModuleType:
        """The module that the text makes, once per process; InputError if it fails."""
        name = f"darktrigger_plugin_{hashlib.sha256(self.text.encode()).hexdigest()[:16]}"
        if name not in sys.modules:
            module = ModuleType(name, f"plug-in {self.path}")
            module.__file__ = self.path
            sys.modules[name] = module
            try:
                exec(compile(self.text, self.path, "exec"), module.__dict__)
            except Exception as error:
                del sys.modules[name]
                msg = f"--plugin {self.path}: {type(error).__name__}: {error}"
                raise InputError(msg) from error
        return sys.modules[name]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All searches that can be asked for: ours, those of plug-in files, those of installed distributions."""

    plugins: tuple[Plugin, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        """The texts alone: another process loads them anew, since it cannot import their modules by name."""
        return {"plugins": self.plugins}

    @cached_property
    def channels(self) -> Mapping[str, Channel]:
        """Searches by name; InputError if a plug-in is none, or a name is taken."""
        found = dict(CHANNELS)
        for where, channels, _ in self._contents:
            for channel in channels:
                if channel.name in found:
                    msg = f"{where}: there is a search {channel.name} already"
                    raise InputError(msg)
                found[channel.name] = channel
        return found

    @cached_property
    def blocks(self) -> tuple[UserBlock, ...]:
        """Blocks of all plug-ins, in order."""
        return tuple(block for _, _, blocks in self._contents for block in blocks)

    @cached_property
    def _contents(self) -> list[tuple[str, tuple[Channel, ...], tuple[UserBlock, ...]]]:
        found = [_content(f"--plugin {plugin.path}", plugin.load()) for plugin in self.plugins]
        for point in sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
            try:
                loaded = point.load()
            except Exception as error:
                msg = f"entry point {point.name} = {point.value}: {type(error).__name__}: {error}"
                raise InputError(msg) from error
            found.append(_content(f"entry point {point.name} = {point.value}", loaded))
        return found

    def find(self, name: str) -> Channel:
        """The search of this name; InputError with the known ones otherwise."""
        if name not in self.channels:
            msg = f"CHANNEL must be one of {', '.join(self.channels)}, not {name!r}"
            raise InputError(msg)
        return self.channels[name]

    def digest(self) -> str:
        """Digest of the plug-ins' texts and of the versions of distributions with entry points."""
        points = metadata.entry_points(group=ENTRY_POINTS)
        versions = sorted((point.name, point.value, point.dist.version if point.dist else "") for point in points)
        return digest([plugin.text for plugin in self.plugins], versions)

    def run_blocks(self, fields: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Answers of all blocks, each of which sees those before it; InputError names the block and the bad field.

        fields: those of events, `event` among them.
        """
        answers: dict[str, np.ndarray] = {}
        for block in self.blocks:
            own = block.run({**fields, **answers})
            for name in own:
                if not name.startswith(ANSWER_PREFIXES):
                    msg = f"block {block.name}: field {name} must begin with one of {', '.join(ANSWER_PREFIXES)}"
                    raise InputError(msg)
            checked = validate({"event": fields["event"], **own}, f"block {block.name}")
            answers |= {name: values for name, values in checked.items() if name != "event"}
        return answers


def _content(where: str, found: Any) -> tuple[str, tuple[Channel, ...], tuple[UserBlock, ...]]:
    """(where, channels, blocks) of a loaded plug-in; InputError if it has none or something else."""
    if isinstance(found, Channel):
        return where, (found,), ()
    single, several, blocks = (getattr(found, name, None) for name in ("CHANNEL", "CHANNELS", "BLOCKS"))
    channels = (*((single,) if single is not None else ()), *_as_tuple(several))
    if not channels and blocks is None:
        msg = f"{where}: must define CHANNEL, CHANNELS or BLOCKS"
        raise InputError(msg)
    for channel in channels:
        if not isinstance(channel, Channel):
            msg = f"{where}: CHANNEL must be a sim.studies.channels.Channel, not {type(channel).__name__}"
            raise InputError(msg)
    for block in _as_tuple(blocks):
        if not callable(getattr(block, "run", None)) or not isinstance(getattr(block, "name", None), str):
            msg = f"{where}: every block must have a name and a method run, not {type(block).__name__}"
            raise InputError(msg)
    return where, channels, _as_tuple(blocks)


def _as_tuple(several: Any) -> tuple[Any, ...]:
    if isinstance(several, Mapping):
        return tuple(several.values())
    return tuple(several) if isinstance(several, Iterable) else ()
