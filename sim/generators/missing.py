"""Channels that no generator here makes honestly: read them from a file of a generator that does (`generate --from-file`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MissingChannel:
    """A final state, why it is missing, and what part of it there is."""

    channel: str
    reason: str
    instead: str


MISSING = (
    MissingChannel(
        channel="e+e- -> e+e- l+l- with a beam lepton in the detector",
        reason="equivalent photons hold only for beam leptons that hardly turn",
        instead="e-e-e-e, e-e-mu-mu, e-e-tau-tau without the beam leptons; LHE of a multiperipheral tree",
    ),
    MissingChannel(
        channel="e+e- -> e+e- hadrons by two photons (pi pi, resonances, continuum)",
        reason="cross-sections are measured, not calculable; no open parametrisation covers them all",
        instead="alp-fusion with the mass and width of one pseudoscalar; LHE or HepMC",
    ),
    MissingChannel(
        channel="e+e- -> l+l- hadrons beyond pi+pi- (K K, four pions, omega, phi)",
        reason="form factors of many hadrons",
        instead="mu-mu-pi-pi; LHE or HepMC of a generator with hadronic currents",
    ),
    MissingChannel(
        channel="e+e- -> e+e- gamma with one lepton lost and the other seen, large angles included",
        reason="the tree needs other channels of phase space and virtual corrections of the same size",
        instead="e-e-gamma (both lost), bhabha-one-side; LHE of a radiative Bhabha generator",
    ),
    MissingChannel(
        channel="photons from the initial or final state in all processes that say so",
        reason="trees of one order lower",
        instead="LHE or HepMC of a generator with radiation",
    ),
)
