"""Claims about the Hough plane: which hits vote for a cell, and how many superlayers make it a candidate.

The table of what crosses what is the declared one, which the component reads too.
"""

from dataclasses import replace
from functools import partial

from amaranth.hdl import Assert, Cat, Module, Shape

from hdl.cdc.hough.layout import Layout
from hdl.cdc.hough.votes import Votes
from hdl.proofs.bench import Bench, Claim, past
from hdl.proofs.klm import number_of_ones
from hdl.proofs.proof import Proof
from trigger.cdc.hough.plane import HoughPlane


def votes_claim(layout: Layout, x: int) -> Claim:
    """Of one column of cells: a superlayer votes just if a hit that crosses the cell is there; enough votes make a candidate."""

    def claim(bench: Bench, m: Module) -> None:
        dut, plane = bench.dut, layout.plane
        assert isinstance(dut, Votes)
        first = layout.vote_reach[0]
        for y in range(plane.n_omega):
            crossed = []
            for superlayer in range(len(layout.per_sector)):
                own = layout.votes.get((superlayer, x, y), [])
                crossed.append(Cat(dut.hits[(sector - first) * layout.sector_bits + bit] for sector, bit in own) != 0)
            votes = bench.probes[f"votes_{x}_{y}"]
            m.d.comb += Assert(votes == past(m, Cat(crossed), 1))
            enough = number_of_ones(past(m, votes, 1)) >= plane.min_superlayers
            m.d.comb += Assert(dut.candidates[plane.n_omega * x + y] == enough)

    return claim


def votes_bench(layout: Layout, claim: Claim, x: int) -> Bench:
    """The votes of a sector, the superlayers of the cells of a column watched."""
    return Bench(Votes(layout), claim, {f"votes_{x}_{y}": Shape(len(layout.per_sector)) for y in range(layout.plane.n_omega)})


def proofs() -> list[Proof]:
    """Proofs of the votes, column by column of a sector: z3 does not finish with all together; every sector is the same logic.

    The broken component asks for one superlayer more.
    """
    layout = Layout(HoughPlane())
    wrong = Layout(replace(layout.plane, min_superlayers=layout.plane.min_superlayers + 1))
    claims = [votes_claim(layout, x) for x in range(layout.cells)]
    return [
        Proof(
            name=f"tracks.votes_{x}",
            says=f"in column {x} of each sector of the Hough plane a superlayer votes for a cell just if one of the hits that the "
            "table says to cross it is there, and a cell is a candidate just if enough superlayers do, for all hits, after the "
            "declared latency",
            bench=partial(votes_bench, layout, claim, x),
            broken=partial(votes_bench, wrong, claim, x),
            depth=Votes.LATENCY,
            broken_depth=Votes.LATENCY + 2,
        )
        for x, claim in enumerate(claims)
    ]
