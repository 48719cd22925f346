"""The blocks of events that `verify ecl` runs: every source its share of every block, reproducible block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sim.blocks import BLOCK_EVENTS, Stage, stream
from sim.cosim.stimulus.bhabha_crowds import BhabhaCrowds
from sim.cosim.stimulus.cuts import Cuts
from sim.cosim.stimulus.fills import Places, RandomFill
from sim.cosim.stimulus.grid import Arrays, Source
from sim.cosim.stimulus.lone_pairs import LonePairs
from sim.cosim.stimulus.pairs import ClusterCuts, ThetaRings
from sim.cosim.stimulus.physics import physics_sources
from sim.cosim.stimulus.sums import Counts, QuadrantPairs, RingCuts, SumCuts
from sim.cosim.stimulus.ties import EqualCells, EqualMembers, EqualPairs
from sim.cosim.stimulus.timed import Timed
from trigger.ecl.thresholds import EclThresholds


@dataclass(frozen=True)
class Share:
    """A source and its share of every block, in parts of the sum of all shares."""

    source: Source
    parts: int


@dataclass(frozen=True)
class Mix:
    """Sources with their shares."""

    shares: tuple[Share, ...]

    def sizes(self, n_events: int) -> list[int]:
        """Events of each source in a block of n_events: cumulative shares, rounded down."""
        bounds = np.cumsum([0, *(share.parts for share in self.shares)])
        edges = [int(bound) * n_events // int(bounds[-1]) for bound in bounds]
        return [after - before for before, after in pairwise(edges)]

    def parts(self, seed: int, block: int, n_events: int) -> Iterator[tuple[Source, Arrays]]:
        """Events of one block, source by source."""
        full = self.sizes(BLOCK_EVENTS)
        for share, size, per_block in zip(self.shares, self.sizes(n_events), full, strict=True):
            rng = stream(seed, f"verify.ecl.{share.source.name}", Stage.STIMULUS, block)
            yield share.source, share.source.make(size, block * per_block, rng)

    def cases(self, n_events: int) -> dict[str, tuple[int, int]]:
        """(cases reached, all cases) of every source with enumerated cases, in n_events events."""
        n_full, rest = divmod(n_events, BLOCK_EVENTS)
        sizes = zip(self.sizes(BLOCK_EVENTS), self.sizes(rest), strict=True)
        made = [n_full * full + last for full, last in sizes]
        counted = [(share.source, n) for share, n in zip(self.shares, made, strict=True) if share.source.n_cases]
        return {source.name: (min(n, source.n_cases), source.n_cases) for source, n in counted}


def ecl_mix(thresholds: EclThresholds) -> Mix:
    """The mix for the ECL trigger with these thresholds.

    Shares are our choice: half on cuts, edges and ties, a third random and adversarial, the rest timed and physics.
    """
    cuts = Cuts(thresholds)
    clusters, places = ClusterCuts(cuts), Places(cuts)
    shares = (
        Share(clusters, 18),
        Share(SumCuts(cuts), 5),
        Share(RingCuts(cuts), 7),
        Share(Counts(cuts), 4),
        Share(LonePairs(cuts), 12),
        Share(BhabhaCrowds(cuts), 3),
        Share(ThetaRings(cuts), 6),
        Share(QuadrantPairs(cuts), 3),
        Share(EqualPairs(cuts), 2),
        Share(EqualCells(), 3),
        Share(EqualMembers(), 2),
        Share(RandomFill(cuts), 14),
        Share(places, 16),
        Share(Timed(clusters), 5),
        Share(Timed(places), 5),
        *(Share(source, 4) for source in physics_sources()),
    )
    return Mix(shares)
