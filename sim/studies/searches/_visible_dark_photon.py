"""What the searches for a visible dark photon share: all but the leptons and the lines that serve them."""

from __future__ import annotations

from sim.generators.dark_photon_visible import DarkPhotonVisible, LightPair
from sim.offline import dark_photon_visible
from sim.studies.channels import Channel, LineGroup, Selection, Variable
from sim.studies.searches._shared import PERIOD, scan


def visible_dark_photon(decay: LightPair, leptons: str, select: Selection, groups: tuple[LineGroup, ...]) -> Channel:
    """The search for A' -> `leptons`, such as "mu+ mu-", with a photon."""
    return Channel(
        name=f"dark-photon-{decay.value}",
        title=f"A' -> {leptons} with a photon",
        samples=scan(
            lambda mass: DarkPhotonVisible(mass_gev=mass, decay=decay),
            (0.3, 1.0, 3.0, 6.0, 8.0, 9.5),
            assumes="epsilon = 1, branching fraction 1",
        ),
        select=select,
        cuts=dark_photon_visible.CUTS,
        left_out=dark_photon_visible.LEFT_OUT,
        variables=(
            Variable(name="pair_mass", label="M(l l) / GeV", edges=(0.02, 0.5, 1.5, 3.0, 4.5, 6.0, 7.5, 9.0, 10.2)),
            Variable(name="photon_e_star", label="E* of the photon / GeV", edges=(0.2, 0.5, 1.0, 2.0, 3.0, 4.0, 5.5)),
        ),
        groups=groups,
        scanned="mass of the A' / GeV",
        period=PERIOD,
        published="gain of 1.1 to 2.2 over BaBar's trigger for two-track events, by mass (talks); no efficiency by line",
    )
