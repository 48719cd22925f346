"""Answers and tests of a changed model: a process that has numpy and numba loaded, and forks for every change.

The process never imports `trigger` itself, its children do. Each line that it reads is a job; it writes one word back when the job
is done, or what went wrong.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

DONE, ERROR, TIMEOUT = "done", "error", "timeout"
MEMORY_BYTES = 8 << 30
"""Of a changed model, at most (our choice): a fault may ask for any size of an array."""
_SERVE = "from sim.cosim.mutation_server import serve; serve()"


class ModelServer:
    """The process. A context manager. root: of the project; folder: scratch, where tests leave what they leave.

    changed: (path from the root, text, whether kernels are compiled), as `mutation_change.Change` has it; None for the model as it
    is. limit_s: processor time.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self._folder = root, folder

    def __enter__(self) -> Self:
        environment = os.environ | {"PYTHONPATH": str(self._root), "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE], cwd=self._folder, env=environment, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def answer(self, changed: tuple[str, str, bool] | None, block: str, stimuli: Path, out: Path, limit_s: int) -> str:
        """DONE if the answers are in `out`; ERROR if the changed model raises or ends the process; TIMEOUT."""
        return self._asked("answer", changed, limit_s, block, str(stimuli), str(out))

    def tests(self, changed: tuple[str, str, bool] | None, paths: list[str], limit_s: int) -> str:
        """DONE if the tests in these files and folders, from the root, pass; ERROR if one fails; TIMEOUT."""
        return self._asked("tests", changed, limit_s, str(self._root), paths)

    def _asked(self, *job: Any) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        word = self._process.stdout.readline().strip()
        if word not in (DONE, ERROR, TIMEOUT):
            msg = f"the server of changed models ended with status {self._process.wait()}"
            raise RuntimeError(msg)
        return word


def serve() -> None:
    """Serve the lines of the standard input until it ends."""
    from sim.cosim.mutation_change import in_memory

    in_memory(_nothing)()  # numba looks for its extensions when it compiles first: once for all
    answers = os.dup(1)
    os.dup2(2, 1)
    for line in sys.stdin:
        os.write(answers, (_in_fork(*json.loads(line)) + "\n").encode())


def _nothing() -> None:
    pass


def _in_fork(task: str, changed: tuple[str, str, bool] | None, limit_s: int, *arguments: Any) -> str:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            from sim.cosim.mutation_change import Change

            if changed is not None:
                path, text, is_compiled = changed
                Change(path=path, text=text, is_compiled=is_compiled).install()
            status = TASKS[task](*arguments)
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
        return TIMEOUT
    return DONE if status == 0 else ERROR


def _answer(block: str, stimuli: str, out: str) -> int:
    from sim.cosim.mutation_answers import write_answers

    write_answers(block, Path(stimuli), Path(out))
    return 0


def _tests(root: str, paths: list[str]) -> int:
    import pytest

    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", f"{root}/pyproject.toml", f"--rootdir={root}"]
    return int(pytest.main([*options, *(f"{root}/{path}" for path in paths)]))


TASKS: Mapping[str, Callable[..., int]] = {"answer": _answer, "tests": _tests}
