"""Frozen integer networks that come with the package, each with the declarations it was made for and the record of its training."""

from trigger.networks.frozen import FrozenNetwork, declarations_digest, load_network, save_network, shipped_networks

__all__ = ["FrozenNetwork", "declarations_digest", "load_network", "save_network", "shipped_networks"]
