"""Which settings a design or a training may have."""

from typing import Any


def check_ranges(settings: Any, *ranges: tuple[str, float, float]) -> None:
    """ValueError for the first attribute that is not between its least and its largest value. ranges: (name, least, largest)."""
    for name, low, high in ranges:
        if not low <= getattr(settings, name) <= high:
            msg = f"{name} must be {low}..{high}, not {getattr(settings, name)}"
            raise ValueError(msg)
