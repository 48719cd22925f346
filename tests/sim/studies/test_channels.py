"""Studies of a search: counters of hand-made events, references that share nothing with the lines, tables that add up."""

import numpy as np
import pytest

from sim.studies.channel_counts import PROBABILITY_UNIT, count, groups_of, reference_of
from sim.studies.channel_plots import plot
from sim.studies.channel_study import ChannelStudy, run_study
from sim.studies.channels import LineGroup
from sim.studies.searches import CHANNELS
from trigger.chain import Chain
from trigger.errors import InputError
from trigger.menu import load_menu
from trigger.menu.condition import positions

TAU, Z_PRIME_2018 = CHANNELS["tau"], CHANNELS["z-prime-2018"]
MENU = load_menu("exp16")
PERIOD = MENU.period("e18r781")


def lines(*names):
    row = np.zeros(len(MENU.line_names), bool)
    row[[MENU.line_names.index(name) for name in names]] = True
    return row


def test_counters_of_hand_made_events():
    """ffo is kept one time in 100, hie always; bffo is the reference of hie, bhie of ffo."""
    ftdl = np.stack([lines("ffo", "bffo"), lines("hie", "bhie", "bffo"), lines("ffo", "hie", "bhie"), lines(), lines("ffo")])
    selected = np.array([True, True, True, True, False])
    value = np.array([4.5, 5.5, 11.0, 4.5, 4.5])
    found = count(TAU, MENU, PERIOD, ftdl, selected, value)
    names = [group.name for group in groups_of(TAU)]
    two, energy, every = (names.index(name) for name in ("two tracks", "total energy", "all"))
    assert found["generated"].tolist() == [5]
    # Edges 2, 4, 5, 6, ..., 9, 10.4: 4.5 is in the second bin, 5.5 in the third, 11 above the last.
    assert found["selected"].tolist() == [0, 0, 2, 1, 0, 0, 0, 0, 1]
    assert found["passed_all"][[two, energy, every]].tolist() == [3, 2, 4]
    assert found["passed"][two].tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 1]
    assert found["passed"][energy].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert found["passed"][every].sum() == 3
    assert found["alone"][two].tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert found["kept"][two].sum() == pytest.approx(0.02 * PROBABILITY_UNIT, abs=2)
    assert found["kept"][every].sum() == pytest.approx((0.01 + 1 + 1) * PROBABILITY_UNIT, abs=2)
    assert [found[name][energy].sum() for name in ("reference", "both")] == [2, 1]
    assert [found[name][two].sum() for name in ("reference", "both")] == [2, 1]


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.name)
def test_references_share_no_input_with_the_lines(channel):
    veto = {bit for item in MENU.inputs if item.name == "veto" for bit in item.bits}
    for group in channel.groups:
        reference = reference_of(group, MENU)
        assert reference is not None
        read = positions(MENU.line(reference).condition)
        for line in group.lines:
            assert positions(MENU.line(line).condition) & read <= veto
    assert reference_of(LineGroup(name="both", lines=("bffo", "bhie", "by")), MENU) is None


def test_tables_and_picture(tmp_path):
    study = ChannelStudy(channel=Z_PRIME_2018, chain=Chain(period="e18r781"), events=150, levels=(("NONE", 1.0),))
    tables = run_study(study, tmp_path)
    efficiency = tables["z-prime-2018_efficiency"]
    whole = efficiency.where(bin="all", group="two tracks")
    assert len(whole.rows) == len(Z_PRIME_2018.samples)
    for row in (dict(zip(whole.columns, values, strict=True)) for values in whole.rows):
        assert row["efficiency"] == row["passed"] / row["total"]
        assert row["low"] <= row["efficiency"] <= row["high"]
        parts = efficiency.where(sample=row["sample"], group="two tracks")
        inner = [n for n, name in zip(parts.column("total"), parts.column("bin"), strict=True) if name not in ("all", "generated")]
        assert sum(inner) == row["total"]
        assert row["after_prescale"] == pytest.approx(row["efficiency"] / 100, rel=1e-5)
    # Light Z': the muons are nearly back to back, so that the opening angle of the two-track line costs little.
    assert whole.column("efficiency")[0] > 0.9
    flow = tables["z-prime-2018_flow"].where(sample="1 GeV")
    assert flow.column("events") == sorted(flow.column("events"), reverse=True)
    assert flow.column("events")[-1] == whole.where(sample="1 GeV").column("total")[0]
    picture = plot(Z_PRIME_2018, efficiency, tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / ".blocks").exists()


def test_bad_studies_are_refused():
    with pytest.raises(InputError, match="--events"):
        ChannelStudy(channel=TAU, chain=Chain(), events=3)
    with pytest.raises(InputError, match="--seed"):
        ChannelStudy(channel=TAU, chain=Chain(), seed=-1)
    with pytest.raises(InputError, match="menu physics_book has no line"):
        ChannelStudy(channel=TAU, chain=Chain(menu="physics_book"))
