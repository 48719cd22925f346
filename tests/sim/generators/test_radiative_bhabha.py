"""e+e- gamma at wide angles: the closed formula against its diagrams, mass included; regions; converted photons."""

import math

import numpy as np
import pytest

from sim.generators import beams as b
from sim.generators import electron_spinors, qed
from sim.generators.beams import NOMINAL
from sim.generators.electron_amplitude import beam_direction, coupling, squared_amplitude, turn_from
from sim.generators.frames import along, light, turned
from sim.generators.radiative_bhabha import ConvertedBhabha, RadiativeBhabha, Seen

MASS = qed.ELECTRON_MASS_GEV
BEAM = 0.5 * NOMINAL.sqrt_s_gev
N = 4000


def massive_points(near_photon, rng):
    """Electron of its true mass whose 1 - cos to its beam, or to the photon, is flat in the logarithm; that number; the rest."""
    energy = np.exp(rng.uniform(math.log(0.3), math.log(5.2), N))
    photon = along(energy, energy, rng.uniform(-0.9, 0.9, N), rng.uniform(0.0, 2.0 * np.pi, N))
    rest = np.concatenate([(2.0 * BEAM - energy)[None], -photon[1:]])
    turn = np.exp(rng.uniform(math.log(1e-12), math.log(0.1), N))
    direction = light(np.ones(N), 1.0 - turn, turn, rng.uniform(0.0, 2.0 * np.pi, N))
    if near_photon:
        direction = turned(direction, photon[3] / energy, np.arctan2(photon[2], photon[1]))
    # Its energy follows from the mass of its partner.
    along_rest = (rest[1:] * direction[1:]).sum(axis=0)
    half = 2.0 * BEAM * (BEAM - energy)
    square = rest[0] ** 2 - along_rest**2
    size = (half * along_rest + np.sqrt((half * along_rest) ** 2 - square * ((rest[0] * MASS) ** 2 - half**2))) / square
    electron = np.concatenate([np.sqrt(size**2 + MASS**2)[None], size * direction[1:]])
    return electron, rest - electron, photon, turn


@pytest.mark.parametrize("near_photon", [False, True], ids=["electron along its beam", "electron along the photon"])
def test_formula_is_that_of_the_diagrams(near_photon):
    """In each decade of the angle, from far below m / E to wide angles. The exchange's mass term is a mean over the azimuth."""
    electron, positron, photon, turn = massive_points(near_photon, np.random.default_rng(1))
    to_beam = turn_from(electron, beam_direction(1.0)) if near_photon else turn
    to_photon = turn if near_photon else turn_from(electron, photon)
    turns = to_beam, turn_from(positron, beam_direction(-1.0))
    apart = to_photon, turn_from(positron, photon)
    ours = squared_amplitude(electron, positron, photon, turns, apart, (2.0 * BEAM) ** 2)
    x = 1.0 - electron[0] / BEAM
    t = -(MASS**2) * x**2 / (1.0 - x) - 2.0 * BEAM * electron[0] * turns[0]
    ours /= coupling(np.maximum(t, -2.0 * BEAM * positron[0] * turns[1]))
    momentum = math.sqrt(BEAM**2 - MASS**2)
    beams = np.stack([along(np.full(N, BEAM), np.full(N, momentum), np.full(N, side), np.zeros(N)) for side in (1.0, -1.0)], axis=1)
    theirs = electron_spinors.squared_amplitude(beams, np.stack([electron, positron], axis=1), photon, MASS)
    decade = np.floor(np.log10(turn))
    for place in range(-12, -1):
        ratio, chosen = (ours / theirs)[decade == place], decade == place
        assert len(ratio) > 250
        assert np.median(ratio) == pytest.approx(1.0, abs=2e-5)
        assert ours[chosen].sum() / theirs[chosen].sum() == pytest.approx(1.0, abs=1e-4)


def test_mass_terms_matter():
    """Without its mass term the formula would be far off where photon and electron fly together."""
    electron, positron, photon, turn = massive_points(True, np.random.default_rng(2))
    close = turn < 1e-9
    turns = turn_from(electron, beam_direction(1.0)), turn_from(positron, beam_direction(-1.0))
    with_mass, without = (
        squared_amplitude(electron, positron, photon, turns, (value, turn_from(positron, photon)), (2.0 * BEAM) ** 2)
        for value in (turn, turn + 1e-6)
    )
    assert np.median((with_mass / without)[close]) > 1.5


def cosines(made, places):
    """cos(theta) in the CM frame of the particles at these places of events of three."""
    momenta = b.lab_to_generator(np.stack([made.energy, made.px, made.py, made.pz])).reshape(4, -1, 3)
    return [momenta[3, :, place] / np.sqrt(np.square(momenta[1:, :, place]).sum(axis=0)) for place in places]


@pytest.mark.parametrize("seen", Seen)
def test_what_is_seen(seen):
    made = RadiativeBhabha(seen=seen).generate(1000, np.random.default_rng(3))
    electron, positron, photon = cosines(made, range(3))
    # The spread of the beams moves angles by less than a milliradian.
    edge = math.cos(math.radians(16.1))
    inside = np.stack([np.abs(electron) < edge, np.abs(positron) < edge])
    well_inside, outside = inside.sum(axis=0), math.cos(math.radians(15.9))
    assert np.abs(photon).max() < outside
    if seen is Seen.BOTH:
        assert max(np.abs(electron).max(), np.abs(positron).max()) < outside
    else:
        assert (well_inside <= 1).all()
        assert (np.minimum(electron, -positron) < outside).all()
        assert (np.maximum(electron, -positron) > edge).all()
    # Exchange: leptons keep their direction.
    assert electron.mean() > 0.3
    assert positron.mean() < -0.3
    assert (made.weight > 1.0).mean() < 0.01


def test_a_part_of_the_region_has_its_part_of_the_cross_section():
    part = RadiativeBhabha(e_star_min_gev=1.0, theta_min_deg=30.0)
    momenta, weight = RadiativeBhabha().draw(1 << 17, np.random.default_rng(4))
    inside = (np.abs(momenta[3]) < momenta[0] * math.cos(math.radians(30.0))).all(axis=0) & (momenta[0, 2] > 1.0)
    kept = np.where(inside, weight, 0.0)
    error = math.hypot(part.cross_section().error_nb, kept.std() / math.sqrt(len(kept)))
    assert kept.mean() == pytest.approx(part.cross_section().nb, abs=4 * error)
    assert error < 0.03 * kept.mean()


def test_converted_photons_are_pairs_of_electrons_away_from_the_beams():
    made = ConvertedBhabha(bhabha=RadiativeBhabha(theta_min_deg=30.0, weighted=True)).generate(200, np.random.default_rng(4))
    converted = np.diff(made.offsets) == 4
    assert converted.all()
    event = made.event_index()
    far = np.bincount(event, weights=np.hypot(made.vx, made.vy) > 0.5, minlength=200)
    assert far.tolist() == [2.0] * 200
    assert set(made.pdg) == {11, -11}
    assert not np.bincount(event, weights=np.sign(made.pdg), minlength=200).any()
