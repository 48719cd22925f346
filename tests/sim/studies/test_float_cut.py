"""Floating-point cuts: with the counts' own energies they are the bits; the exact boost is that of the beams."""

import numpy as np
import pytest

from sim.studies.float_cut import Variant, Window, cluster_sums, decide, lab_per_cm, untruncated_gev
from sim.studies.lines import single_photon_lines
from sim.studies.streaming import random_events
from trigger.ecl import EclParameters, EclTrigger
from trigger.ecl.parameters import ADC_LSB_GEV
from trigger.geometry.ecl import cells

PARAMETERS = EclParameters.default()
LINES = single_photon_lines(PARAMETERS)


def decided(hits, n=4000, scale=1, parameters=PARAMETERS):
    offsets, tc_id, adc = random_events(n, hits, np.random.default_rng(hits))
    adc = (adc * scale).astype(np.int16)
    return Window(offsets=offsets, tc_id=tc_id, adc=adc), EclTrigger(parameters).run(offsets, tc_id, adc)


@pytest.mark.parametrize("hits", [1, 5, 60, 400])
def test_sums_of_counts_are_the_trigger_cluster_energies(hits):
    window, decision = decided(hits, n=500)
    sums = cluster_sums(window, window.adc.astype(float), decision.ecl_cluster_tc)
    assert np.array_equal(sums, decision.ecl_cluster_adc)


OTHER_CUTS = PARAMETERS.replace(lml_cl_e_lab_2="2.001", lml_cl_e_cms_3="0.701")


@pytest.mark.parametrize("parameters", [PARAMETERS, OTHER_CUTS])
@pytest.mark.parametrize(("hits", "scale"), [(1, 1), (1, 2), (2, 1), (2, 2), (2, 9), (4, 2), (12, 1)])
def test_energies_of_whole_counts_give_the_bits(hits, scale, parameters):
    # no threshold is a multiple of the LSB, so strict comparisons of energies and of counts agree
    window, decision = decided(hits, scale=scale, parameters=parameters)
    sums = cluster_sums(window, window.adc * float(ADC_LSB_GEV), decision.ecl_cluster_tc)
    nowhere, ones = np.zeros(len(decision), np.int64), np.ones(len(decision))
    for line in single_photon_lines(parameters):
        float_bit = decide(Variant.ENERGY, line, decision, sums, nowhere, ones, parameters)
        assert np.array_equal(float_bit, line.fired(decision.ecl_lml)), line.name
        assert np.array_equal(decide(Variant.HARDWARE, line, decision, sums, nowhere, ones, parameters), float_bit)
    if scale == 9:
        assert decision.ecl_bhabha3d_veto.any()


def test_exact_boost_rounds_to_the_look_up():
    c = cells()
    theta, phi = np.arctan2(np.hypot(c.x_cm, c.y_cm), c.z_cm), np.arctan2(c.y_cm, c.x_cm)
    assert np.array_equal(np.rint(10 * lab_per_cm(theta, phi)), c.cm_energy_e)


def test_exact_boost_takes_the_photon_only_near_its_cell():
    line = LINES[1]
    cell = int(np.flatnonzero(cells().theta_id == 8)[0]) + 1
    hits = (np.array([0, 1]), np.array([cell], np.int16), np.array([300], np.int16))
    decision = EclTrigger().run(*hits)
    sums = np.zeros((1, 6))
    sums[0, 0] = 300 * float(ADC_LSB_GEV)
    barely, strictly = np.array([sums[0, 0] / 1.001]), np.array([sums[0, 0] * 1.001])
    for factor, expected in ((barely, True), (strictly, False)):
        got = decide(Variant.DIRECTION, line, decision, sums, np.array([cell]), factor, PARAMETERS)
        assert got.tolist() == [expected]
    far = np.array([576])
    by_cell = decide(Variant.CELL, line, decision, sums, far, strictly, PARAMETERS)
    assert np.array_equal(decide(Variant.DIRECTION, line, decision, sums, far, strictly, PARAMETERS), by_cell)


def test_untruncated_energies_stay_inside_their_count():
    adc = np.full(10_000, 57, np.int16)
    energy = untruncated_gev(adc, np.random.default_rng(1)) / float(ADC_LSB_GEV)
    assert energy.min() >= 57
    assert energy.max() < 58
    assert abs(energy.mean() - 57.5) < 5 / np.sqrt(12 * 10_000)
