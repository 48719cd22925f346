"""Progress bar of long work: shown on a terminal, silent elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress(what: str, total: int, *, done: int = 0, unit: str = "events") -> Iterator[Callable[[int], None]]:
    """A function that moves the bar by a number of units; `done` of `total` are behind us already.

    The bar goes to the standard error stream, with rate and time left; nothing is written if that is not a terminal.
    """
    from rich.console import Console  # here: rich takes time to import, and only long work needs it
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.0f}/s" if speed else "")

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(show_speed=False),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f} {task.fields[unit]}"),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total, completed=done, unit=unit)
        yield lambda step: bar.advance(task, step)
