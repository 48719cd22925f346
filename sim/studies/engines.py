"""Who works on the blocks of a study: this process, processes of its own, or a dask cluster; the counters are the same."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

from sim.provenance import versions
from trigger.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

_CONNECT_S = 20
"""Time in which a scheduler must answer. Our choice."""
_TOOLS = ("scipy", "pythia8mc")
"""Besides numpy and numba: what the numbers of a block depend on."""


class Engine(Protocol):
    """A way to work on independent items."""

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[tuple[Item, Result]]:
        """(item, work(item)) as results get ready, in any order. An error of `work` is raised here."""


@dataclass(frozen=True)
class OneProcess:
    """This process, item after item."""

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[tuple[Item, Result]]:
        """(item, result), in order."""
        for item in items:
            yield item, work(item)


def _prepare_worker() -> None:
    """The parent alone answers an interrupt; workers finish or are dropped."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@dataclass(frozen=True)
class Processes:
    """That many processes of this machine; `work` and items must be picklable."""

    workers: int

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[tuple[Item, Result]]:
        """(item, result) as they get ready."""
        # Spawned, not forked: numba and BLAS threads of the parent do not survive a fork.
        pool = ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"), initializer=_prepare_worker)
        try:
            running = {pool.submit(work, item): item for item in items}
            while running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class DaskCluster:
    """The workers of a dask.distributed scheduler. They need darktrigger and the same versions of what computes.

    A worker that is lost only has its items repeated, on another one.
    """

    address: str

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[tuple[Item, Result]]:
        """(item, result) as they get ready. InputError: no scheduler at the address, or a worker with other versions."""
        from distributed import Client, KilledWorker, as_completed  # here: an extra, and slow to load

        try:
            client = Client(self.address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            msg = f"--scheduler {self.address}: no dask scheduler answers: {error}"
            raise InputError(msg) from error
        with client:
            ours, waiting = versions(*_TOOLS), deque(items)
            finished = as_completed(loop=client.loop, with_results=True)
            running: dict[Any, Item] = {}

            def hand_out() -> None:
                """Two items per thread are on the way at any time, so that a long study does not fill the scheduler."""
                wanted = 2 * max(sum(client.nthreads().values()), 1)
                while waiting and len(running) < wanted:
                    item = waiting.popleft()
                    future = client.submit(_checked, work, item, ours, pure=False)
                    running[future] = item
                    finished.add(future)

            hand_out()
            try:
                for future, result in finished:
                    item = running.pop(future)
                    future.release()
                    hand_out()
                    yield item, result
            except KilledWorker as error:
                msg = f"--scheduler {self.address}: {error}"
                raise InputError(msg) from error


def _checked(work: Callable[[Item], Result], item: Item, ours: dict[str, Any]) -> Result:
    """work(item), on a worker whose versions are those of the client."""
    for name, version in versions(*_TOOLS).items():
        if version != ours[name]:
            msg = f"--scheduler: a worker has {name} {version}, this process {ours[name]}; they must be the same"
            raise InputError(msg)
    return work(item)


def engine_of(workers: int = 1, scheduler: str | None = None) -> Engine:
    """The engine of these options. InputError unless workers is at least 1, or if both are asked for."""
    if workers < 1:
        msg = f"workers must be at least 1, not {workers}"
        raise InputError(msg)
    if scheduler is None:
        return OneProcess() if workers == 1 else Processes(workers)
    if workers > 1:
        msg = f"--scheduler {scheduler} has its own workers: --workers must not be {workers}"
        raise InputError(msg)
    return DaskCluster(scheduler)
