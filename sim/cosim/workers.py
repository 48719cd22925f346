"""Independent pieces of work on several threads; each waits for a simulator process most of its time."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed


def run_all(
    work: Callable[[int], int], todo: list[int], workers: int, advance: Callable[[int], None], cancel: threading.Event
) -> None:
    """Do `work` for every number, `workers` at a time; `advance` by what it returns. An error or interrupt sets `cancel`."""
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(work, number) for number in todo]
        try:
            for future in as_completed(futures):
                advance(future.result())
        except BaseException:
            cancel.set()
            for future in futures:
                future.cancel()
            raise
