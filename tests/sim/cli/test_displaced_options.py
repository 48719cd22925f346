"""Options of the processes with displaced vertices: from the command line to the fields, and refused where they do not belong."""

import pytest

from sim.cli._process_options import build_generator, find_process
from sim.generators.b_mesons import Kaon
from sim.generators.long_lived import Daughters
from sim.generators.tau_alpha import Lepton
from trigger.errors import InputError


@pytest.mark.parametrize(
    ("process", "given", "fields"),
    [
        ("long-lived-gun", {"mass": 0.7, "ctau": 3.0, "decay": "k-k"}, None),
        ("long-lived-gun", {"flat-radius": "2:40", "decay": "e-e"}, {"flat_radius_cm": (2.0, 40.0), "decay": Daughters.ELECTRONS}),
        ("k-short-gun", {"pdg": 3122, "momentum": "1:2"}, {"pdg": 3122, "range_gev": (1.0, 2.0)}),
        (
            "idm-dark-higgs",
            {"higgs-mass": 2.0, "higgs-ctau": 5.0, "higgs-decay": "k-k", "chi-mass": 0.9, "splitting": 0.3},
            {
                "higgs_mass_gev": 2.0,
                "higgs_ctau_cm": 5.0,
                "higgs_decay": Daughters.KAONS,
                "chi_mass_gev": 0.9,
                "splitting_gev": 0.3,
            },
        ),
        ("b-to-k-s", {"kaon": "k-star", "decay": "pi-pi"}, {"kaon": Kaon.EXCITED, "decay": Daughters.PIONS}),
        ("tau-l-alpha", {"decay": "mu", "mass": 1.0}, {"decay": Lepton.MUON, "mass_gev": 1.0}),
        ("b-to-k-alp", {"decay": "mu-mu"}, "--decay: b-to-k-alp has no such option"),
        ("idm-photon", {"decay": "tau-tau"}, "--decay must be one of e-e, mu-mu"),
        ("k-short-gun", {"flat-radius": "5"}, "--flat-radius must be a range a:b"),
    ],
)
def test_options_reach_their_fields(process, given, fields):
    """None: the values are impossible (two kaons are heavier than 0.7 GeV); text: so is the option."""
    if fields is None or isinstance(fields, str):
        with pytest.raises(InputError, match=fields or "long-lived-gun: mass_gev must be"):
            build_generator(find_process(process), given)
        return
    model = build_generator(find_process(process), given)
    assert {name: getattr(model, name) for name in fields} == fields
