"""Options that several verbs share, and how their text is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trigger.errors import InputError

if TYPE_CHECKING:
    from sim.injection import Injection

BLOCKS = ("ecl", "tracks", "klm", "grl", "menu", "displaced", "chain")
"""Blocks of the trigger that a verb may name."""
BUILT_BLOCKS = ("ecl",)
"""Those that every verb can run."""


def parse_blocks(text: str, built: tuple[str, ...] = BUILT_BLOCKS) -> tuple[str, ...]:
    """Blocks of a comma-separated list, in the order in which they run; InputError for an unknown one.

    built: those that the verb can run; InputError for any other.
    """
    named = [name.strip() for name in text.split(",")]
    for name in named:
        if name not in BLOCKS:
            raise InputError(f"--blocks: {name!r} is not a block; known are {', '.join(BLOCKS)}")
        if name not in built:
            raise InputError(f"--blocks: {name} does not exist in this version; it has {', '.join(built)}")
    return tuple(name for name in built if name in named)


def parse_event_blocks(text: str | None, n_blocks: int) -> range:
    """Logical blocks a:b (b excluded, either may be left out) of n_blocks; all if there is no text.

    InputError unless 0 <= a < b <= n_blocks.
    """
    if text is None:
        return range(n_blocks)
    first, colon, last = text.partition(":")
    try:
        start, stop = int(first or 0), int(last or n_blocks)
    except ValueError:
        start, stop = 0, -1
    if not colon or not 0 <= start < stop <= n_blocks:
        raise InputError(f"--event-blocks must be a:b with 0 <= a < b <= {n_blocks}, not {text!r}")
    return range(start, stop)


def injection_of(times: str | None, windows: str | None) -> Injection | None:
    """The injection veto that `--injection` and `--injection-windows` ask for; None without one. InputError for bad ones."""
    from sim.injection import Injection
    from trigger.menu.injection import InjectionVeto

    if times is None:
        if windows is not None:
            raise InputError("--injection-windows needs --injection")
        return None
    try:
        rate_hz = None if times == "file" else float(times)
    except ValueError:
        raise InputError(f"--injection must be `file` or injections per second, not {times!r}") from None
    names, veto = ("full_us", "gated_us", "gate_us"), InjectionVeto()
    if windows is not None:
        numbers = windows.split(",")
        try:
            veto = InjectionVeto(**{name: float(number) for name, number in zip(names, numbers, strict=True)})
        except ValueError as error:
            raise InputError(f"--injection-windows must be three times in us, as 500,10000,2, not {windows!r}: {error}") from None
    try:
        return Injection(rate_hz=rate_hz, windows=veto)
    except ValueError as error:
        raise InputError(f"--injection {times}: {error}") from None
