"""The mode of the KLM trigger in studies of searches."""

import pytest

from sim.klm_mode import KLM_MODES, klm_parameters
from sim.studies.recipe import Recipe
from trigger.blocks import TriggerSettings
from trigger.errors import InputError

KNOWN = {"names": ("z-prime-2023",), "events": 60, "seed": 3, "levels": (0.0,), "rate_events": 0}


def test_modes_are_kinds_of_parameters():
    assert [TriggerSettings(klm=klm_parameters(mode)).reads_strips for mode in KLM_MODES] == [False, True]
    for refused in (lambda: klm_parameters("fits"), lambda: Recipe(**KNOWN, klm_mode="fits")):
        with pytest.raises(InputError, match="--klm-mode must be layers or lines, not 'fits'"):
            refused()


def test_straight_lines_in_a_study():
    """Both triggers of a comparison are in the mode that is asked for, and their events have the strips that it reads."""
    asked = Recipe(**KNOWN, changes=(("hie", "2"),), klm_mode="lines")
    study = asked.study()
    assert [chain.settings.reads_strips for chain in study.chains["z-prime-2023"]] == [True, True]
    assert study.stamp(study.channels[0])["labels"]["klm_mode"] == "lines"
    fired = study.task()(study.jobs()[0])["line_fired"]
    assert fired[study.chains["z-prime-2023"][0].menu.line_names.index("klmhit")] > 0
    # Parts of a batch system written before there was a choice.
    assert Recipe.from_json({name: value for name, value in asked.to_json().items() if name != "klm_mode"}).klm_mode == "layers"
