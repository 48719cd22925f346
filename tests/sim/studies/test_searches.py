"""Declarations of the searches fit their selections; the trigger does on signals what the talks say."""

import numpy as np
import pytest

from sim.offline.reco import nothing
from sim.studies.channel_counts import entries_of
from sim.studies.channel_task import ChannelTask, Scenario, job_sample, lines_of
from sim.studies.counting import Job
from sim.studies.plugins import Catalogue
from sim.studies.searches import CHANNELS


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.name)
def test_declaration_is_that_of_the_selection(channel):
    """Cuts, what is left out, a value for every variable and axis; events without anything in them are never selected."""
    truth = {"true_particle_offsets": np.zeros(4, np.int64), "true_particle_vx": np.zeros(0), "true_particle_vy": np.zeros(0)}
    selected = channel.select(nothing(3) | truth)
    assert selected.flow.cuts == channel.cuts
    assert selected.flow.left_out == channel.left_out
    assert not selected.flow.passed.any()
    for variable in (*channel.variables, *channel.map_axes):
        assert selected.values[variable.name].shape == (3,)


def counters(name, label, events, seed=1):
    """Selected events of one sample without background; of them those that each entry takes; the same of all events."""
    channel = CHANNELS[name]
    chain = Scenario().chain(channel)
    number = [sample.label for sample in channel.samples].index(label)
    task = ChannelTask(catalogue=Catalogue(), seed=seed, chains={name: (chain,)})
    found = task(Job(sample=job_sample(name, number, "NONE", 1.0), block=0, events=events))
    variable = channel.variables[0].name
    selected = found[f"selected:{variable}"].sum()
    passed = found[f"passed:{variable}"].sum(axis=1)
    of_all = found[f"generated_passed:{variable}"].sum(axis=1)
    names = [entry.name for entry in entries_of(channel, lines_of(chain))]
    return selected, dict(zip(names, passed, strict=True)), dict(zip(names, of_all, strict=True))


def test_muons_with_the_klm_recover_light_dark_photons():
    """Talks: large loss of the two-track line below 4 GeV, recovered by CDC-KLM. The muons of 2.5 GeV open less than 90 degrees."""
    selected, passed, _ = counters("dark-higgsstrahlung", "2.5 GeV", 300)
    assert selected > 100
    assert passed["two tracks"] < 0.1 * selected
    assert passed["muon with KLM"] > 0.85 * selected
    heavy, kept, _ = counters("dark-higgsstrahlung", "6 GeV", 300)
    assert kept["two tracks"] > 0.6 * heavy


def test_merged_photons_pass_as_a_pair_of_photons():
    """hie has the veto of Bhabhas, which are two clusters back to back; the line of 2 GeV photons has none."""
    selected, passed, _ = counters("alp-merged", "0.1 GeV", 200)
    assert selected > 50
    assert passed["total energy"] < 0.1 * selected
    assert passed["photon of 2 GeV"] > 0.95 * selected


def test_total_energy_keeps_inelastic_dark_matter_with_electrons_alone():
    """Talks: chi2 -> chi1 e e is the only channel that can be used, by the calorimeter's trigger. Muons leave 0.2 GeV each."""
    electrons, muons = (counters("idm-dark-higgs", label, 300)[2] for label in ("1 cm", "muons alone, 1 cm"))
    assert electrons["total energy"] > 0.25 * 300
    assert muons["total energy"] < 0.05 * 300
