"""Answers of a changed model: a process that has numpy and numba loaded, and forks for every change.

It runs in the folder of a scratch copy of `trigger`, which it imports, and loads nothing of the real one. Each line that it reads
names a block, a file of stimuli and a file for the answers; it writes one word back when they are there, or what went wrong.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

DONE, ERROR, TIMEOUT = "done", "error", "timeout"
_SERVE = "from sim.cosim.mutation_server import serve; serve()"


class ModelServer:
    """The process, started in a folder. A context manager. root: folder that has `sim`; cache: of compiled kernels."""

    def __init__(self, folder: Path, root: Path, cache: Path) -> None:
        self._folder, self._root, self._cache = folder, root, cache

    def __enter__(self) -> Self:
        environment = os.environ | {"XDG_CACHE_HOME": str(self._cache), "PYTHONPATH": str(self._root), "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE], cwd=self._folder, env=environment, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def answer(self, block: str, stimuli: Path, out: Path, limit_s: float) -> str:
        """DONE if the answers are in `out`; ERROR if the changed model raises or ends the process; TIMEOUT."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([block, str(stimuli), str(out), limit_s]) + "\n")
        word = self._process.stdout.readline().strip()
        if word not in (DONE, ERROR, TIMEOUT):
            msg = f"the server of changed models ended with status {self._process.wait()}"
            raise RuntimeError(msg)
        return word


def serve() -> None:
    """Serve the lines of the standard input until it ends."""
    for name in ("numpy", "numba"):
        importlib.import_module(name)
    answers = os.dup(1)
    os.dup2(2, 1)
    for line in sys.stdin:
        os.write(answers, (_in_fork(*json.loads(line)) + "\n").encode())


def _in_fork(block: str, stimuli: str, out: str, limit_s: float) -> str:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            from sim.cosim.mutation_answers import write_answers

            write_answers(block, Path(stimuli), Path(out))
            status = 0
        finally:
            os._exit(status)
    watched = os.pidfd_open(child)
    try:
        ended, _, _ = select.select([watched], [], [], limit_s)
        if not ended:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    finally:
        os.close(watched)
    return (DONE if status == 0 else ERROR) if ended else TIMEOUT
