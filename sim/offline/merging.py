"""Photons too close for the calorimeter: one cluster where two fly."""

from __future__ import annotations

import numpy as np

from sim.offline import jagged, objects
from sim.offline.objects import Arrays
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


def merged(arrays: Arrays, within_deg: float, beams: BeamDeclaration = Y4S_BEAMS) -> dict[str, np.ndarray]:
    """The event fields with photons closer than this angle (laboratory) made one.

    A photon joins the hardest one (laboratory energy) within the angle that has not joined another itself; the sum of both
    momenta gives energy and direction, the time is that of the harder. Photons stay in the order of the file.
    """
    offsets = arrays["off_photon_offsets"]
    photons = objects.photons(arrays, beams)
    energy = photons.lab[:, 0]
    pairs = objects.pairs(offsets, np.ones(energy.size, bool))
    close = pairs.select(objects.angle_deg(photons.lab[pairs.first], photons.lab[pairs.second]) < within_deg)
    first_wins = energy[close.first] >= energy[close.second]
    hard = np.where(first_wins, close.first, close.second)
    soft = np.where(first_wins, close.second, close.first)
    target = np.arange(energy.size)
    for k in np.lexsort((-energy[soft], -energy[hard])):
        if target[hard[k]] == hard[k] and target[soft[k]] == soft[k]:
            target[soft[k]] = hard[k]
    total = np.zeros_like(photons.lab)
    np.add.at(total, target, photons.lab)
    kept = target == np.arange(energy.size)
    sums = total[kept]
    group = objects.group(jagged.select(offsets, kept), sums[:, 0], sums[:, 1:], beams)
    return dict(arrays) | {
        "off_photon_offsets": group.offsets,
        "off_photon_e": sums[:, 0],
        "off_photon_estar": group.star[:, 0],
        "off_photon_theta": np.arctan2(objects.pt(sums), sums[:, 3]),
        "off_photon_phi": np.arctan2(sums[:, 2], sums[:, 1]),
        "off_photon_time": arrays["off_photon_time"][kept],
    }
