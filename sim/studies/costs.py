"""Cost of every block as RTL: designs by name and reuse, synthesised once each, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cosim.shipped import SHIPPED
from sim.progress import progress
from sim.provenance import stamp
from sim.studies.tables import Table, Value
from trigger.errors import InputError

if TYPE_CHECKING:
    from hdl.synthesis import Report
    from sim.cosim.rtl import Rtl

REUSES = (1, 2, 4)
"""Reuse factors of the networks unless the user names others."""
NETWORKS = ("tracks.neuro", "tracks.codesign")
BY_MODULE = (
    "tracks.segments", "tracks.stream", "tracks.neuro_path", "tracks", "displaced.fits", "displaced.vertices", "displaced", "chain",
)  # fmt: skip
"""Blocks that are more than Yosys can hold in its memory, or does in an hour; `sim.studies.module_costs` counts their modules."""


@dataclass(frozen=True, kw_only=True)
class Built:
    """A design to be synthesised. interval: cycles from event to event. rtl: digest of what it was made from."""

    verilog: str
    top: str
    latency: int
    interval: int
    made_from: str


@dataclass(frozen=True, kw_only=True)
class Design:
    """One row of the table: a block, what is chosen about it, and how it is made. reuse: 0 where there is no such choice."""

    block: str
    variant: str
    reuse: int
    build: Callable[[], Built]


def designs(names: Sequence[str], reuses: Sequence[int] = REUSES) -> list[Design]:
    """Designs of the named blocks; InputError for an unknown name or a reuse below 1."""
    for name in names:
        if name in BY_MODULE:
            msg = f"{name} is too large as a whole: `synth {name}`, without other blocks, counts it by module"
            raise InputError(msg)
        if name not in BLOCKS:
            msg = f"block must be one of {', '.join(BLOCKS)}, not {name!r}"
            raise InputError(msg)
    if not reuses or min(reuses) < 1:
        msg = f"reuse must be one or more numbers of at least 1, not {list(reuses)}"
        raise InputError(msg)
    return [design for name in names for design in BLOCKS[name](tuple(reuses))]


def cost_table(chosen: Sequence[Design], *, cache: Path | None = None, only_done: bool = False) -> Table:
    """The table of these designs, in their order. only_done: what would have to be synthesised now has empty cells instead."""
    from hdl.synthesis import UT4, WORTH, is_done, synthesise

    rows, tools, digests = [], set(), {}
    with progress("synthesis", len(chosen), unit="designs") as advance:
        for design in chosen:
            built = design.build()
            report = None
            if not only_done or is_done(built.verilog, built.top, cache=cache):
                report = synthesise(built.verilog, built.top, cache=cache)
                tools.add(report.yosys.partition(", ")[0].replace("(", ""))  # not where it was built
            rows.append(_row(design, built, report))
            digests[f"{design.block} {design.variant} {design.reuse}"] = built.made_from
            advance(1)
    return Table(
        name="costs",
        title=f"Cost of blocks, percentages of {UT4.name}",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=(
            WORTH,
            f"{UT4.name}: {UT4.lut:,} look-up tables, {UT4.ff:,} flip-flops, {UT4.dsp:,} DSP slices, {UT4.ramb36:,} RAMB36",
        ),
        stamp=stamp("synth", digests=digests, labels={"yosys": sorted(tools)}),
    )


COUNTS = (
    "lut", "lut_percent", "carry", "ff", "ff_percent", "dsp", "dsp_percent", "ramb18", "ramb36", "memory_bits", "memory_percent",
    "levels", "carry_cells",
)  # fmt: skip
COLUMNS = ("block", "variant", "reuse", *COUNTS, "latency", "interval")


def _row(design: Design, built: Built, report: Report | None) -> tuple[Value, ...]:
    return (design.block, design.variant, design.reuse, *counts(report), built.latency, built.interval)


def counts(report: Report | None) -> tuple[Value, ...]:
    if report is None:
        return (None,) * len(COUNTS)
    percent = {name: round(100 * share, 2) for name, share in report.shares().items()}
    return (
        report.lut, percent["lut"], report.carry, report.ff, percent["ff"], report.dsp, percent["dsp"], report.ramb18,
        report.ramb36, report.memory_bits, percent["ramb36"], report.levels, report.carry_cells,
    )  # fmt: skip


def _built(rtl: Rtl, interval: int) -> Built:
    design = rtl.design
    return Built(
        verilog=design.verilog, top=design.ports.module, latency=rtl.latency, interval=interval, made_from=rtl.declarations
    )


def _alone(name: str) -> Callable[[tuple[int, ...]], list[Design]]:
    """A block as it ships, without a choice of reuse."""
    return lambda reuses: [Design(block=name, variant="", reuse=0, build=lambda: _built(*SHIPPED[name]()))]


def _neuro(reuses: tuple[int, ...]) -> list[Design]:
    """Classic network: five experts, weights in memories; and one expert whose weights are constants."""
    from sim.cosim.verify_tracks import neuro_rtl
    from trigger.cdc.neuro.experts import ClassicExperts
    from trigger.networks import load_network

    shipped = load_network("classic").network
    assert isinstance(shipped, ClassicExperts)
    networks = list(shipped.experts)

    def build(reuse: int, in_memory: bool) -> Built:
        return _built(*neuro_rtl(networks if in_memory else networks[:1], reuse=reuse, in_memory=in_memory))

    return [
        Design(
            block="tracks.neuro",
            variant=variant,
            reuse=reuse,
            build=partial(build, reuse, in_memory),
        )
        for variant, in_memory in (("5 experts, weights in memory", True), ("1 expert, constant weights", False))
        for reuse in reuses
    ]


def _codesign(reuses: tuple[int, ...]) -> list[Design]:
    """Codesign network as shipped: our RTL by reuse, and the peer's."""
    from sim.cosim.verify_codesign import codesign_rtl
    from trigger.networks import load_network

    network = load_network("codesign").codesign

    def build(reuse: int) -> Built:
        return _built(*codesign_rtl(network, reuse=reuse))

    def peer() -> Built:
        from hls.networks import set_up_tensorflow
        from hls.peer import NAME, da4ml_rtl

        set_up_tensorflow(0)
        rtl = da4ml_rtl(network)
        return Built(verilog=rtl.verilog, top=NAME, latency=rtl.latency, interval=1, made_from=load_network("codesign").digest)

    ours = [Design(block="tracks.codesign", variant="", reuse=reuse, build=partial(build, reuse)) for reuse in reuses]
    return [*ours, *([Design(block="tracks.codesign", variant="da4ml", reuse=1, build=peer)] if 1 in reuses else [])]


_WITH_REUSE = dict(zip(NETWORKS, (_neuro, _codesign), strict=True))
BLOCKS = {name: _WITH_REUSE.get(name) or _alone(name) for name in SHIPPED if name not in BY_MODULE}
"""Blocks that can be synthesised as a whole: all others that ship."""
