"""All proofs, by block."""

from collections.abc import Callable
from pathlib import Path

from hdl.proofs import (
    chain_pipelines,
    displaced_collector,
    displaced_pipelines,
    ecl,
    ecl_clusters,
    ecl_window,
    event_memory,
    grl,
    grl_short,
    hough,
    kept_answers,
    klm,
    menu,
    momentum,
    network_pipelines,
    neuro_order,
    own_segments,
    pipelines,
    track_counts,
    track_pipelines,
    tracks,
)
from hdl.proofs.proof import Proof
from trigger.errors import InputError

ALL = "all"
_OF_TRACKS = (
    tracks,
    track_counts,
    momentum,
    hough,
    track_pipelines,
    network_pipelines,
    neuro_order,
    own_segments,
)
BLOCKS: dict[str, Callable[[], list[Proof]]] = {
    "menu": menu.proofs,
    "klm": lambda: [*klm.proofs(), pipelines.line_proof()],
    "ecl": lambda: [*ecl.proofs(), *ecl_window.proofs(), *ecl_clusters.proofs(), pipelines.ecl_proof()],
    "tracks": lambda: [*(proof for part in _OF_TRACKS for proof in part.proofs()), chain_pipelines.tracks_proof()],
    "grl": lambda: [*grl.proofs(), *grl_short.proofs(), pipelines.grl_proof()],
    "chain": lambda: [*event_memory.proofs(), chain_pipelines.chain_proof(), kept_answers.chain_proof()],
    "displaced": lambda: [*displaced_pipelines.proofs(), *displaced_collector.proofs(), kept_answers.stream_proof()],
}


def proofs_of(name: str, products: Path | None = None) -> list[Proof]:
    """Proofs of a block, of all, or the one of this name; InputError if there is none.

    products: published table of the menu's lines, see `hdl.proofs.menu.lines_of_products`.
    """
    block = name.partition(".")[0]
    if block != ALL and block not in BLOCKS:
        raise InputError(f"{name}: must be one of {', '.join(BLOCKS)}, {ALL}, or the name of a proof")
    made = {one: menu.proofs(products) if one == "menu" else make() for one, make in BLOCKS.items() if block in (one, ALL)}
    found = [proof for proofs in made.values() for proof in proofs if name in (ALL, block, proof.name)]
    if not found:
        known = ", ".join(proof.name for proof in made[block])
        raise InputError(f"{name}: there is no such proof; {block} has {known}")
    return found
