"""The particle record: shapes, selection, concatenation and the truth fields of an event file."""

from dataclasses import replace

import numpy as np
import pytest

from sim.generators.beams import NOMINAL
from sim.generators.particles import Particles, concatenate, from_table
from trigger.events import validate


def make(counts: list[int]) -> Particles:
    n = sum(counts)
    values = {name: np.arange(n) + 10.0 * k for k, name in enumerate(("px", "py", "pz", "vx", "vy", "vz", "t"))}
    return Particles(
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        pdg=np.arange(n, dtype=np.int32),
        energy=np.full(n, 99.0),
        weight=np.arange(len(counts)) + 0.5,
        **values,
    )


def test_select_takes_whole_events_in_the_order_asked_for():
    particles = make([2, 0, 3, 1])
    chosen = particles.select(np.array([2, 1, 0]))
    assert chosen.offsets.tolist() == [0, 3, 3, 5]
    assert chosen.pdg.tolist() == [2, 3, 4, 0, 1]
    assert chosen.weight.tolist() == [2.5, 1.5, 0.5]
    by_flag = particles.select(np.array([True, False, False, True]))
    assert by_flag.pdg.tolist() == [0, 1, 5]
    assert particles.first(3).n_events == 3
    assert particles.first(9) == particles
    assert particles.select(np.array([], int)).n_events == 0


def test_concatenate_undoes_select():
    particles = make([2, 0, 3, 1])
    parts = [particles.select(np.array(which)) for which in ([0], [1, 2], [3])]
    assert concatenate(parts) == particles


def test_equality_is_by_value():
    particles = make([1, 2])
    assert particles == make([1, 2])
    assert particles != replace(particles, weight=particles.weight + 1)
    assert particles != "particles"


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("offsets", np.array([0, 3]), "offsets must have n_events"),
        ("offsets", np.array([0, 4, 3]), "not decrease"),
        ("offsets", np.array([1, 2, 3]), "start at 0"),
        ("px", np.zeros(2), "px must have 3"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(field, value, reason):
    with pytest.raises(ValueError, match=reason):
        replace(make([1, 2]), **{field: value})


def test_table_with_absent_particles(rng):
    momenta = rng.random((4, 2, 3))
    keep = np.array([[True, True, True], [True, False, True]])
    particles = from_table((22, 13), momenta, np.zeros((3, 3)), keep=keep)
    assert particles.offsets.tolist() == [0, 2, 3, 5]
    assert particles.pdg.tolist() == [22, 13, 22, 22, 13]
    np.testing.assert_array_equal(particles.px, momenta[1].T[keep.T])


def test_moved_shifts_all_particles_of_an_event():
    moved = make([2, 1]).moved(np.array([1.0, 2.0]), np.zeros(2), np.array([0.0, -5.0]))
    assert (moved.vx - make([2, 1]).vx).tolist() == [1, 1, 2]
    assert (moved.vz - make([2, 1]).vz).tolist() == [0, 0, -5]


def test_truth_fields_and_hardest_photon():
    """Event 0: two photons of equal laboratory energy, the backward one has more E*. Event 1: no photon. Event 2: none at all."""
    momenta = np.zeros((4, 3, 3))
    momenta[:, :, 0] = np.array([[1.0, 0, 0, 1.0], [1.0, 0, 0, -1.0], [3.0, 0, 3.0, 0]]).T
    momenta[:, :, 1] = np.array([[2.0, 0, 0, 2.0], [0, 0, 0, 0], [0, 0, 0, 0]]).T
    keep = np.array([[True, True, False], [True, False, False], [True, False, False]])
    particles = from_table((22, 22, 13), momenta, np.zeros((3, 3)), keep=keep)
    particles.pdg[3] = 13
    truth = particles.to_truth()
    energy, _, _, pz = NOMINAL.total
    assert truth["true_photon_estar"].tolist() == pytest.approx([(energy + pz) / NOMINAL.sqrt_s_gev, 0, 0])
    assert truth["true_photon_theta"].tolist() == pytest.approx([np.pi, 0, 0])
    assert truth["true_particle_offsets"].tolist() == [0, 3, 4, 4]
    assert truth["true_particle_pdg"].dtype == np.int32
    validate({"event": np.arange(3), **truth}, "truth")


def test_first_photon_wins_a_tie():
    momenta = np.array([[1.0, 0.8, 0.6, 0.0], [1.0, 0.8, -0.6, 0.0]]).T[:, :, None]
    truth = from_table((22, 22), momenta, np.zeros((3, 1))).to_truth()
    assert truth["true_photon_phi"][0] == pytest.approx(np.arctan2(0.6, 0.8))


def test_truth_of_no_particles():
    truth = make([0, 0]).to_truth()
    assert truth["true_photon_estar"].tolist() == [0, 0]
