"""The hls4ml project of an exported network, with golden data, in bytes that depend on the network alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim.network import GOLDEN, SAMPLE, corner_inputs, random_inputs
from trigger.cdc.neuro.codesign import CodesignNetwork

if TYPE_CHECKING:
    from trigger.networks import FrozenNetwork

BOOKKEEPING = ("hls4ml_config.yml", "keras_model.keras")
"""Files that hls4ml's Python side reads back; they hold dates and paths, and the vendor's tool does not know them."""
_STAMP = re.compile(r"^LIB_STAMP=\w+$", re.MULTILINE)


def write_project(folder: Path, frozen: FrozenNetwork, seed: int) -> None:
    """Write the Vitis project of a network with golden vectors: corners and GOLDEN random inputs of this seed.

    frozen: a quantised network. hls4ml's random stamp of the library is replaced by its digest.
    """
    from hls.convert import convert, write_golden
    from hls.freeze import thaw
    from hls.networks import set_up_tensorflow

    network = frozen.network
    assert isinstance(network, CodesignNetwork)
    n_inputs = network.interface.n_inputs
    set_up_tensorflow(seed)
    convert(thaw(network), network, folder)
    rng = stream(seed, f"{SAMPLE} golden", Stage.STIMULUS, 0)
    golden = np.concatenate([corner_inputs(n_inputs), random_inputs(GOLDEN, rng, n_inputs)])
    write_golden(folder, network, golden, {"network": frozen.digest, "seed": seed})
    for name in BOOKKEEPING:
        (folder / name).unlink()
    script = folder / "build_lib.sh"
    script.write_text(_STAMP.sub(f"LIB_STAMP={frozen.digest[:8]}", script.read_text(encoding="utf-8")), encoding="utf-8")
