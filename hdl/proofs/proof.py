"""A proof: a claim about a component, and the same claim about a broken one, which must be refuted."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from hdl.proofs.bench import Bench
from hdl.proofs.solver import ENGINE, Mode, Status, Trace, job, solve, tool_versions
from trigger.digest import digest

TIMEOUT_S = 600
_FORMAT = 2
"""Of kept outcomes: 2 has CPU times, which include the generation of the RTL."""


@dataclass(frozen=True, kw_only=True)
class Faulty:
    """A bench that must fail within `depth` cycles; in the first `skip` of them it is not looked for."""

    bench: Callable[[], Bench]
    depth: int
    skip: int = 0


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What is claimed, in one sentence, and the benches with it.

    depth: k of the induction. broken: the claim around a component with one fault; it must fail within `broken_depth` cycles
    (depth by default), so that the claim is known to say something. faults: further ones, by name.
    """

    name: str
    says: str
    bench: Callable[[], Bench]
    broken: Callable[[], Bench]
    depth: int
    broken_depth: int = 0
    faults: Mapping[str, Faulty] = field(default_factory=dict)

    @property
    def block(self) -> str:
        """First part of the name."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Result of a proof. rtl: digest of the component's RTLIL. key: digest of everything that the result depends on.

    status: of the induction. refuted: status about the broken component, `FAIL` as it must be; faults: about further ones. trace:
    counterexample, if the claim failed. broken_trace: the one that the broken component gave. wall_s, cpu_s: of all runs and of the
    RTL's generation, when they were made; cpu_s on all cores together.
    """

    name: str
    says: str
    depth: int
    rtl: str
    key: str
    status: Status
    refuted: Status
    wall_s: float
    cpu_s: float
    trace: Trace | None
    broken_trace: Trace | None
    faults: Mapping[str, Status] = field(default_factory=dict)
    engine: str = ENGINE
    was_kept: bool = False

    @property
    def passed(self) -> bool:
        """Proven, and the broken components refuted."""
        return self.status is Status.PASS and {self.refuted, *self.faults.values()} == {Status.FAIL}

    def to_json(self) -> dict[str, object]:
        """The outcome as plain values."""
        return {
            "name": self.name,
            "says": self.says,
            "engine": self.engine,
            "depth": self.depth,
            "status": self.status.value,
            "broken_component": self.refuted.value,
            **({"faults": {name: status.value for name, status in self.faults.items()}} if self.faults else {}),
            "passed": self.passed,
            "wall_s": round(self.wall_s, 1),
            "cpu_s": round(self.cpu_s, 1),
            "rtl": self.rtl,
            "key": self.key,
            "counterexample": self.trace.to_json() if self.trace else None,
            "broken_counterexample": self.broken_trace.to_json() if self.broken_trace else None,
        }

    @classmethod
    def from_json(cls, stored: dict) -> "Outcome":
        """The outcome that `to_json` gave, as one that was kept."""
        traces = [Trace.from_json(stored[name]) if stored[name] else None for name in ("counterexample", "broken_counterexample")]
        return cls(
            **{name: stored[name] for name in ("name", "says", "engine", "depth", "rtl", "key", "wall_s", "cpu_s")},
            status=Status(stored["status"]),
            refuted=Status(stored["broken_component"]),
            faults={name: Status(status) for name, status in stored.get("faults", {}).items()},
            trace=traces[0],
            broken_trace=traces[1],
            was_kept=True,
        )


def cache_folder() -> Path:
    """Folder of finished proofs: `$XDG_CACHE_HOME/darktrigger/proofs`, in `~/.cache` by default."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "darktrigger" / "proofs"


def prove(proof: Proof, *, timeout_s: int = TIMEOUT_S, cache: Path | None = None) -> Outcome:
    """Outcome of a proof, kept under the digest of RTL, claim, depth and tools, or found now (seconds to minutes).

    Results that depend on the time limit are not kept. Errors as for `solve`.
    """
    started = _spent()
    bench = proof.bench()
    faulty = [Faulty(bench=proof.broken, depth=proof.broken_depth or proof.depth), *proof.faults.values()]
    runs = [(bench, Mode.INDUCTION, proof.depth, 0), *((one.bench(), Mode.BOUNDED, one.depth, one.skip) for one in faulty)]
    texts = [one.rtlil() for one, *_ in runs]
    jobs = [job(mode, depth, 0, one.reading, skip=skip) for one, mode, depth, skip in runs]
    key = digest(_FORMAT, *texts, jobs, tool_versions())
    stored = (cache or cache_folder()) / f"{key}.json"
    if stored.exists():
        kept = Outcome.from_json(json.loads(stored.read_text(encoding="utf-8")))
        return replace(kept, name=proof.name, says=proof.says)
    answer, refutation, *others = (
        solve(text, mode, depth, timeout_s, one.reading, skip=skip)
        for text, (one, mode, depth, skip) in zip(texts, runs, strict=True)
    )
    rtl = digest(bench.component_rtlil())
    wall_s, cpu_s = (now - then for now, then in zip(_spent(), started, strict=True))
    outcome = Outcome(
        name=proof.name,
        says=proof.says,
        depth=proof.depth,
        rtl=rtl,
        key=key,
        status=answer.status,
        refuted=refutation.status,
        wall_s=wall_s,
        cpu_s=cpu_s,
        trace=answer.trace,
        broken_trace=refutation.trace,
        faults={name: other.status for name, other in zip(proof.faults, others, strict=True)},
    )
    if Status.TIMEOUT not in (outcome.status, outcome.refuted, *outcome.faults.values()):
        stored.parent.mkdir(parents=True, exist_ok=True)
        temporary = stored.with_name(f".{key}.{os.getpid()}")
        temporary.write_text(json.dumps(outcome.to_json(), indent=1) + "\n", encoding="utf-8")
        temporary.replace(stored)
    return outcome


def _spent() -> tuple[float, float]:
    """(seconds on the wall, CPU seconds of this process and of the programs that it started and that have ended)."""
    now = os.times()
    return now.elapsed, now.user + now.system + now.children_user + now.children_system


def all_passed(outcomes: Iterable[Outcome]) -> bool:
    """Whether every proof passed, and there was one."""
    passed = [outcome.passed for outcome in outcomes]
    return bool(passed) and all(passed)
