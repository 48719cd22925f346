"""All searches of `darktrigger study`: one module each, named as its channel, listed here."""

from __future__ import annotations

from collections.abc import Mapping

from sim.studies.channels import Channel
from sim.studies.searches import tau, z_prime_2018

CHANNELS: Mapping[str, Channel] = {
    channel.name: channel
    for channel in (
        tau.CHANNEL,
        z_prime_2018.CHANNEL,
    )
}
"""Searches by the name of their study, in the order of the summary."""
