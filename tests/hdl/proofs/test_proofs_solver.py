"""The solver's programs end with the process that started them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

STARTS_A_CHILD = """\
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], process_group=0)
with open("pids", "w") as file:
    file.write(f"{os.getpid()} {child.pid}\\n")
child.wait()
"""
"""What SymbiYosys does with the solver: it has a process group of its own."""
RUNS_IT = "import os, pathlib; from hdl.proofs.solver import _run; _run(['start.py'], pathlib.Path.cwd(), dict(os.environ), 300)"
ROOT = Path(__file__).parents[3]


def is_running(pid: int) -> bool:
    """Whether a process is there that is no zombie."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def waited_for(condition, limit_s: float = 60.0) -> bool:
    end = time.monotonic() + limit_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_sigterm_leaves_no_solver_behind(tmp_path):
    (tmp_path / "start.py").write_text(STARTS_A_CHILD)
    process = subprocess.Popen([sys.executable, "-c", RUNS_IT], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
    try:
        known = tmp_path / "pids"
        assert waited_for(lambda: known.exists() and known.read_text().endswith("\n"))
        pids = [int(word) for word in known.read_text().split()]
        assert all(map(is_running, pids))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
        assert waited_for(lambda: not any(map(is_running, pids)))
    finally:
        process.kill()
        process.wait()
