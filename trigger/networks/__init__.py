"""Frozen integer networks that come with the package, each with the declarations it was made for and the record of its training."""

from trigger.networks.families import CLASSIC, CODESIGN, DISPLACED, declarations_digest
from trigger.networks.frozen import DEFAULT_NETWORK, FrozenNetwork, load_network, save_network, shipped_networks

__all__ = [
    "CLASSIC",
    "CODESIGN",
    "DEFAULT_NETWORK",
    "DISPLACED",
    "FrozenNetwork",
    "declarations_digest",
    "load_network",
    "save_network",
    "shipped_networks",
]
