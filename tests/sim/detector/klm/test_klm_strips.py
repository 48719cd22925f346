"""Strips of the KLM response: where they lie, that layers stay as they were, what scattering, momentum and noise do to lines."""

import dataclasses

import numpy as np
import pytest

from sim.detector.klm import KlmBackground, KlmPreset, KlmResponse, respond_klm
from sim.detector.klm.geometry import crossings
from sim.detector.klm.strips import displaced, strip_at
from sim.generators.particles import Particles
from trigger.events import validate
from trigger.geometry.klm import FIRST_SECTOR, LAYERS, SECTORS, strip_line, strip_table
from trigger.klm import KlmTrigger
from trigger.klm_line import KlmLineParameters, KlmLineTrigger

MUON_GEV = 0.10565838
STRIPS = KlmResponse(strips=True)
NAMES = ("klm_offsets", "klm_section", "klm_sector", "klm_layer", "klm_plane", "klm_strip")


def respond(particles: Particles, config: KlmResponse = STRIPS) -> dict[str, np.ndarray]:
    fields = respond_klm(particles, np.random.default_rng(5), config)
    return validate(fields, "test", required=tuple(fields))


def has_line(particles: Particles, config: KlmResponse = STRIPS) -> float:
    fields = respond(particles, config)
    return float(KlmLineTrigger().run(*(fields[name] for name in NAMES)).klm_hit.mean())


def test_a_crossing_in_the_middle_of_a_strip_reads_that_strip() -> None:
    """All strips of the barrel; in the endcaps by the groups of 15 strips: the gap of 0.6 cm behind each reads nothing."""
    for section in (0, 1):
        for sector in range(SECTORS[section]):
            for layer in range(LAYERS[section]):
                for plane in (0, 1):
                    n_strips, first_cm, pitch_cm = strip_line(section, sector, layer, plane)
                    where = (np.array(FIRST_SECTOR[section] + sector), np.array(layer), np.array(plane))
                    middles = np.array([float(first_cm + k * pitch_cm) for k in range(n_strips)])
                    for shift in (-0.49, 0.0, 0.49):
                        found = strip_at(*where, middles + shift * abs(float(pitch_cm)))
                        np.testing.assert_array_equal(found, np.arange(n_strips))
    where = (np.array(20), np.array(0), np.array(0))
    edges = np.array([10.2, 10.4, 14.2, 14.4, 70.2, 70.4, 70.8, 71.0, 312.6, 312.8])
    assert strip_at(*where, edges).tolist() == [-1, 0, 0, 1, 14, -1, -1, 15, 74, -1]


def test_layers_are_those_of_the_response_without_strips(gun) -> None:
    """Every layer with strips is hit without them; the others lie beside the strips."""
    particles = gun(13, 1500, momentum_gev=2.0)
    noise = KlmBackground(preset=KlmPreset.NOMINAL)
    with_strips = respond(particles, dataclasses.replace(STRIPS, background=noise))
    layers = respond(particles, KlmResponse(background=noise))
    assert "klm_strip" not in layers

    def keys(fields: dict[str, np.ndarray]) -> set[tuple[int, ...]]:
        event = np.repeat(np.arange(particles.n_events), np.diff(fields["klm_offsets"]))
        return set(zip(event, *(fields[name] for name in NAMES[1:4]), strict=True))

    assert keys(with_strips) <= keys(layers)
    assert len(keys(with_strips)) > 0.97 * len(keys(layers))
    clean = respond(particles)
    planes = np.bincount(clean["klm_plane"])
    assert 0.9 < planes[0] / planes[1] < 1.1
    assert 2.2 < planes.sum() / len(keys(clean)) < 2.6, "two planes, sometimes two strips"


def test_straight_line_gives_strips_on_a_straight_line() -> None:
    """A particle without mass to scatter from (0, 0, 0): every strip within half a pitch of the ray, in the trigger's units."""
    rng, n = np.random.default_rng(2), 400
    theta, phi = np.arccos(rng.uniform(-0.8, 0.9, n)), rng.uniform(-np.pi, np.pi, n)
    direction = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    found = crossings(np.zeros((n, 3)), direction)
    sector = np.array(FIRST_SECTOR)[found.section] + found.sector
    for plane, coordinate_cm in enumerate((found.first_cm, found.second_cm)):
        planes = np.full(len(sector), plane)
        strip = strip_at(sector, found.layer, planes, coordinate_cm)
        there = strip >= 0
        assert there.mean() > 0.95
        y = strip_table().y_raw(sector, found.layer, planes, strip)
        pitch = np.abs(strip_table().pitch_raw[sector, found.layer, plane]) / 256
        assert (np.abs(8 * coordinate_cm - y)[there] < pitch[there] / 2 + 4).all(), "half a pitch, and the gaps of the endcaps"


def test_scattering_grows_along_the_line_and_spares_neutral_particles() -> None:
    n = 3000
    line = crossings(np.tile([[150.0, 0.0, 20.0]], (n, 1)), np.tile([[1.0, 0.0, 0.0]], (n, 1)))
    mass = np.full(len(line.row), MUON_GEV)
    moved = displaced(np.random.default_rng(1), line, np.full(len(line.row), 3.0 / MUON_GEV), mass, KlmResponse())
    width = [np.std((moved.second_cm - line.second_cm)[line.layer == layer]) for layer in (0, 7, 14)]
    # By hand: 0.0136 / 3.0 sqrt(17.4) = 18.9 mrad before the KLM, over 54.1 cm and 181.5 cm, and 14 plates of 7.4 mrad.
    assert width[0] == pytest.approx(0.0189 * 54.1, rel=0.1)
    assert width[2] == pytest.approx(np.hypot(0.0189 * 181.5, 0.0074 * 9.1 * np.sqrt(14 * 15 * 29 / 6)), rel=0.15)
    assert width[0] < width[1] < width[2]
    still = displaced(np.random.default_rng(1), line, np.zeros(len(line.row)), mass, KlmResponse())
    np.testing.assert_array_equal(still.first_cm, line.first_cm)


def test_muons_make_lines_above_the_momentum_where_they_bend_too_much(gun) -> None:
    """|b| <= 62.5 cm: a track that leaves the coil at 176 cm misses the axis by 176^2 / 2 r, with r = pT / 0.0045 GeV per cm."""
    fast = has_line(gun(13, 1500, momentum_gev=3.0, theta_deg=(75, 105)))
    slow = has_line(gun(13, 1500, momentum_gev=0.9, theta_deg=(75, 105)))
    layers = respond(gun(13, 1500, momentum_gev=0.9, theta_deg=(75, 105)))
    assert KlmTrigger().run(*(layers[name] for name in NAMES[:4])).klm_hit.mean() > 0.85
    assert fast > 0.95
    assert slow < 0.4


def test_pions_make_fewer_lines_than_muons_and_noise_hardly_any(gun) -> None:
    pions = gun(211, 3000, momentum_gev=2.0, theta_deg=(75, 105))
    assert 0.1 < has_line(pions) < 0.6 * has_line(gun(13, 1500, momentum_gev=2.0, theta_deg=(75, 105)))
    fields = respond(pions)
    strict = KlmLineTrigger(KlmLineParameters(min_layers=5)).run(*(fields[name] for name in NAMES))
    assert strict.klm_hit.mean() < 0.7 * has_line(pions)
    nothing = gun(13, 8000, momentum_gev=0.1)
    noise = dataclasses.replace(STRIPS, background=KlmBackground(preset=KlmPreset.NOMINAL))
    assert np.diff(respond(nothing, noise)["klm_offsets"]).mean() == pytest.approx(0.02 * 344, rel=0.05)
    assert has_line(nothing, noise) < 0.01


def test_impossible_choice() -> None:
    with pytest.raises(ValueError, match="neighbour_strip must be within"):
        KlmResponse(neighbour_strip=1.5)
    assert STRIPS.meta()["klm_strips"] is True
