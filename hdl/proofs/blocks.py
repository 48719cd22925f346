"""All proofs, by block."""

from collections.abc import Callable
from pathlib import Path

from hdl.proofs import ecl, ecl_window, grl, klm, menu, momentum, track_counts, tracks
from hdl.proofs.proof import Proof
from trigger.errors import InputError

ALL = "all"
BLOCKS: dict[str, Callable[[], list[Proof]]] = {
    "menu": menu.proofs,
    "klm": klm.proofs,
    "ecl": lambda: ecl.proofs() + ecl_window.proofs(),
    "tracks": lambda: tracks.proofs() + track_counts.proofs() + momentum.proofs(),
    "grl": grl.proofs,
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
