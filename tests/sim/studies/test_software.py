"""Software trigger behind the lines: counters of hand-made events, and tables whose numbers follow from them."""

import numpy as np
import pytest

from sim.offline.cuts import CutFlow, Selected
from sim.offline.hlt import FILTERS, HltDecision
from sim.studies.channel_counts import Lines, entries_of
from sim.studies.channel_study import ChannelStudy
from sim.studies.channel_tables import Counted
from sim.studies.channel_task import job_sample
from sim.studies.searches import CHANNELS
from sim.studies.software import count_software
from sim.studies.software_tables import software_tables
from trigger.menu import load_menu

TAU = CHANNELS["tau"]
MENU = load_menu("exp16")
LINES = Lines(menu=MENU, period=MENU.period("e18r781"))


def counters():
    """Five events: ffo; hie; both; nothing; ffo but not selected. Filters keep the first, the third, the fourth and the fifth."""
    ftdl = np.zeros((5, len(MENU.line_names)), bool)
    for event, names in enumerate((["ffo"], ["hie"], ["ffo", "hie"], [], ["ffo"])):
        ftdl[event, [MENU.line_names.index(name) for name in names]] = True
    masks = np.zeros((len(FILTERS), 5), bool)
    masks[0, [0, 2]] = masks[3, [2, 3, 4]] = True
    chosen = np.array([True, True, True, True, False])
    flow = CutFlow(cuts=TAU.cuts[:1], masks=(chosen,), left_out=())
    selected = Selected(flow=flow, values={})
    return count_software(TAU, LINES, ftdl, selected, HltDecision(masks=masks))


def test_counters_of_hand_made_events():
    found = counters()
    names = [entry.name for entry in entries_of(TAU, LINES)]
    kept, generated = (dict(zip(names, found[name].tolist(), strict=True)) for name in ("software", "software_generated"))
    assert (kept["two tracks"], kept["total energy"], kept["all"]) == (2, 1, 2)
    assert (generated["two tracks"], generated["total energy"], generated["all"]) == (3, 1, 3)
    assert found["software_alone"].tolist() == [3, 4]
    assert found["software_filters"][[0, 1, 3]].tolist() == [2, 0, 1]


def test_tables_follow_from_the_counters():
    study = ChannelStudy(names=("tau",), events=64, levels=(("NONE", 1.0),))
    entries = entries_of(TAU, LINES)
    passed = np.zeros((len(entries), 2), np.int64)
    passed[:, 0] = [2 if entry.name in ("two tracks", "total energy") else 3 for entry in entries]
    name = TAU.variables[0].name
    found = counters() | {f"selected:{name}": np.array([4, 0]), f"passed:{name}": passed}
    counted = Counted(study=study, channel=TAU, counters={job_sample("tau", 0, "NONE", 1.0): found})
    table, filters = software_tables(counted)
    (row,) = table.where(entry="two tracks").rows
    values = dict(zip(table.columns, row, strict=True))
    assert (values["hardware"], values["kept"], values["selected"]) == (2, 2, 4)
    assert (values["of_hardware"], values["of_selected"]) == (1.0, 0.5)
    assert values["low"] < values["of_hardware"] <= values["high"]
    first = filters.where(filter=FILTERS[0].name)
    assert first.column("kept") == [2]
    assert first.column("of_hardware") == [pytest.approx(2 / 3)]
