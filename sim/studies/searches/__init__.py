"""All searches of `darktrigger study`: one module each, named as its channel, listed here."""

from __future__ import annotations

from collections.abc import Mapping

from sim.studies.channels import Channel
from sim.studies.searches import (
    alp_displaced,
    alp_fusion,
    alp_invisible,
    alp_merged,
    alp_three_gamma,
    b_to_k_alp,
    b_to_k_s,
    dark_higgsstrahlung,
    dark_higgsstrahlung_visible,
    dark_photon_e_e,
    dark_photon_invisible,
    dark_photon_mu_mu,
    e_e_gamma,
    e_gamma,
    e_mu,
    gamma_gamma_klm,
    idm_dark_higgs,
    idm_photon,
    mu_mu_gamma,
    tau,
    tau_l_alpha,
    v0,
    y1s_cp_odd,
    y1s_invisible,
    z_prime_2018,
    z_prime_2023,
    z_prime_e_mu,
    z_prime_e_mu_visible,
    z_prime_mu_mu,
    z_prime_tau_tau,
)

CHANNELS: Mapping[str, Channel] = {
    module.CHANNEL.name: module.CHANNEL
    for module in (
        dark_photon_invisible,
        dark_photon_e_e,
        dark_photon_mu_mu,
        z_prime_2018,
        z_prime_2023,
        z_prime_e_mu,
        z_prime_e_mu_visible,
        z_prime_mu_mu,
        z_prime_tau_tau,
        alp_three_gamma,
        alp_merged,
        alp_displaced,
        alp_invisible,
        alp_fusion,
        dark_higgsstrahlung,
        dark_higgsstrahlung_visible,
        idm_photon,
        idm_dark_higgs,
        b_to_k_s,
        b_to_k_alp,
        tau_l_alpha,
        y1s_invisible,
        y1s_cp_odd,
        tau,
        mu_mu_gamma,
        e_e_gamma,
        e_gamma,
        e_mu,
        gamma_gamma_klm,
        v0,
    )
}
"""Searches by the name of their study, in the order of the summary."""
