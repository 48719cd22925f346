"""A search of one's own: generator, selection, lines, and a block that fills an input of its own menu (`lamp.toml` beside).

darktrigger study lamp --plugin docs/examples/lamp.py --events 2000 --out lamp_study
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.generators.guns import PhotonGun
from sim.generators.process import CrossSection
from sim.offline.cuts import Certainty, Cut, CutFlow
from sim.studies.channels import Channel, ChannelSample, LineGroup, Selected, Variable

CUTS = (Cut(name="photon", asks="one photon above 0.3 GeV in E*", source="an example", certainty=Certainty.OURS),)


@dataclass(frozen=True, kw_only=True)
class Lamp:
    """Single photons in the barrel, flat in E* from low_gev on. A generator is a frozen dataclass with these two methods."""

    low_gev: float

    def generate(self, n, rng):
        """n events; the same rng gives the same events."""
        return PhotonGun(e_star_gev=(self.low_gev, 4.0), theta_deg=(40.0, 120.0)).generate(n, rng)

    def cross_section(self):
        """For the luminosity of a yield; None where nobody knows."""
        return CrossSection(nb=2e-6, source="a lamp of 2 fb")


def select(arrays):
    """Masks of the cuts, and of every event the values that efficiencies are shown against, NaN for none."""
    offsets, energy = arrays["off_photon_offsets"], arrays["off_photon_estar"]
    one = np.diff(offsets) == 1
    first = np.minimum(offsets[:-1], max(len(energy) - 1, 0))
    values = {name: np.where(one, arrays[f"off_photon_{name}"][first], np.nan) for name in ("estar", "theta", "phi")}
    passed = one & (np.nan_to_num(values["estar"]) > 0.3)
    return Selected(flow=CutFlow(cuts=CUTS, masks=(passed,), left_out=()), values=values | {"lone": arrays["off_lone"]})


class Lone:
    """Marks events with exactly one cluster: the menu reads `ext_lone` as its input `lone`."""

    name = "lone"

    def run(self, fields):
        """Answers from the fields of the events, those of the ECL block among them."""
        one = fields["ecl_n_clusters"] == 1
        return {"ext_lone": one, "off_lone": one.astype(float)}


BLOCKS = (Lone(),)
CHANNEL = Channel(
    name="lamp",
    title="a lamp",
    samples=(
        ChannelSample(label="dim", process=Lamp(low_gev=0.2), value=0.2, assumes="it shines"),
        ChannelSample(label="bright", process=Lamp(low_gev=0.6), value=0.6, share=0.5),
    ),
    select=select,
    cuts=CUTS,
    variables=(Variable(name="estar", label="E* / GeV", edges=(0.0, 1.0, 2.0, 4.0)),),
    groups=(
        LineGroup(name="lone", lines=("lone",)),
        LineGroup(name="photon", lines=("lml6", "lml13")),
        LineGroup(name="energy", lines=("hie",)),
    ),
    scanned="lowest energy / GeV",
    map_axes=(
        Variable(name="estar", label="E* / GeV", edges=(0.0, 1.0, 4.0)),
        Variable(name="theta", label="theta / rad", edges=(0.6, 1.2, 2.2)),
        Variable(name="phi", label="phi / rad", edges=(-3.15, 0.0, 3.15)),
    ),
    menu=str(Path(__file__).with_name("lamp.toml")),
)
