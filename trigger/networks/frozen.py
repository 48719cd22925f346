"""Files of frozen networks: integers, formats, digests and the training record in one .npz."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.codesign import CodesignNetwork
from trigger.digest import digest
from trigger.errors import InputError
from trigger.networks.families import CLASSIC, CODESIGN, DISPLACED, FAMILIES, Network, declarations_digest, family_of

DEFAULT_NETWORK = CLASSIC
"""Shipped network that the track trigger uses unless it is given another one. Our choice: the family that the experiment ran."""
_PREFIX, _SUFFIX = "neuro_", ".npz"
"""Around the name of a shipped network of the neuro trigger."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FrozenNetwork:
    """A network with its history.

    record: how it was trained, plain JSON values. seen_events: uint64, ascending, hashes of the real events that the training saw.
    """

    network: Network
    record: Mapping[str, Any] = field(default_factory=dict)
    seen_events: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))

    @property
    def family(self) -> str:
        """`classic`, `codesign` or `displaced`."""
        return family_of(self.network)

    @property
    def codesign(self) -> CodesignNetwork:
        """The network, for what only the codesign family has; InputError if it is of another one."""
        return self._quantised(CODESIGN)

    @property
    def displaced(self) -> CodesignNetwork:
        """The network of displaced vertices; InputError if it is of another family."""
        return self._quantised(DISPLACED)

    def _quantised(self, family: str) -> CodesignNetwork:
        if not isinstance(self.network, CodesignNetwork) or self.family != family:
            msg = f"network {self.digest[:12]} must be of the family {family}, not {self.family}"
            raise InputError(msg)
        return self.network

    @property
    def digest(self) -> str:
        """SHA-256 of all integers and formats, and of the declarations."""
        return digest(declarations_digest(self.family), FAMILIES[self.family].parts(self.network))


def shipped_networks() -> tuple[str, ...]:
    """Return the names of the networks of the neuro trigger that come with the package."""
    names = (item.name for item in files("trigger.networks").iterdir())
    return tuple(
        sorted(name[len(_PREFIX) : -len(_SUFFIX)] for name in names if name.startswith(_PREFIX) and name.endswith(_SUFFIX))
    )


def load_network(name_or_path: str | Path) -> FrozenNetwork:
    """Return a shipped network by name, or the network of an .npz file (anything with a suffix or a folder in it).

    Names: those of the neuro trigger, and `displaced`.

    Raises:
        InputError: an unknown name, a file that is no frozen network, one made for other declarations, or changed integers.
    """
    text = str(name_or_path)
    if text in (*shipped_networks(), DISPLACED):
        prefix = "" if text == DISPLACED else _PREFIX
        with (files("trigger.networks") / f"{prefix}{text}{_SUFFIX}").open("rb") as file:
            return _read(file, text)
    path = Path(name_or_path)
    if not path.suffix and path.name == text:
        msg = f"no shipped network {text!r}; there are {', '.join((*shipped_networks(), DISPLACED))}; a file needs its .npz suffix"
        raise InputError(msg)
    try:
        with path.open("rb") as file:
            return _read(file, text)
    except OSError as error:
        msg = f"{path}: not a readable network: {error.strerror or error}"
        raise InputError(msg) from error


def save_network(path: Path, frozen: FrozenNetwork) -> None:
    """Write a frozen network. The same network gives the same bytes."""
    head = {
        "family": frozen.family,
        "declarations": declarations_digest(frozen.family),
        "digest": frozen.digest,
        "record": dict(frozen.record),
    }
    np.savez_compressed(
        path,
        head=np.array(json.dumps(head, sort_keys=True)),
        seen_events=frozen.seen_events,
        allow_pickle=False,
        **FAMILIES[frozen.family].pack(frozen.network),
    )


def _read(file: IO[bytes], where: str) -> FrozenNetwork:
    try:
        with np.load(file, allow_pickle=False) as archive:
            head = json.loads(str(archive["head"]))
            family, declarations, expected, record = (head[name] for name in ("family", "declarations", "digest", "record"))
            arrays = {name: archive[name] for name in archive.files}
            seen = arrays["seen_events"]
            made_for = declarations_digest(family)
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        msg = f"{where}: not a frozen network: {error}"
        raise InputError(msg) from error
    if declarations != made_for:
        msg = f"{where}: made for declarations {declarations[:12]}, but these are {made_for[:12]}; train it anew"
        raise InputError(msg)
    try:
        frozen = FrozenNetwork(network=FAMILIES[family].unpack(arrays), record=record, seen_events=seen)
    except KeyError as error:
        msg = f"{where}: not a frozen network: {error}"
        raise InputError(msg) from error
    except (InputError, TypeError) as error:
        msg = f"{where}: {error}"
        raise InputError(msg) from error
    if frozen.digest != expected:
        msg = f"{where}: its integers have digest {frozen.digest[:12]}, not {expected[:12]}: the file was changed"
        raise InputError(msg)
    return frozen
