"""A user's threshold, condition and line, by TOML alone: model, RTL, rates and documentation follow, and differ from any other."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
import sim.cosim.chain
from sim.cosim import exchange, hough, runner
from sim.cosim.chain import ChainJob, chain_rtl, expected, external_positions, fields, records, rtl_chain, verify_chain
from sim.cosim.rtl import Rtl
from sim.cosim.stimulus.codesign_networks import random_codesign
from sim.cosim.stimulus.whole import whole_events
from sim.cosim.verify_tracks import REUSE
from sim.generators.dark_photon import DarkPhoton
from sim.generators.photon_pair import PhotonPair
from sim.generators.process import Generator
from sim.studies.block_study import tabulate
from sim.studies.rate_samples import Clock, RateSample
from sim.studies.rates import RateStudy
from trigger.chain import Chain
from trigger.digest import digest
from trigger.ecl import EclParameters
from trigger.errors import InputError
from trigger.geometry.cdc import N_SECTORS
from trigger.menu import load_menu
from trigger.networks import FrozenNetwork, save_network

MENU = """\
name = "mine"
base = "exp16"
[inputs.icn_br]
bits = [151, 152, 153]
encoding = "binary"
driver = "ecl"
[lines]
hie = "{hie}"
brl2 = "icn_br >= 2 & t2 == 0 & !veto"
[periods.p.prescales]
c4 = 3
"""
CHANGED, ORIGINAL = "ehigh & clst >= 2 & !bha_veto & !veto", "ehigh & !bha_veto & !veto"
PARAMETERS = "hie = 1.7\n"
N_EVENTS = 300
NETWORK = FrozenNetwork(network=random_codesign(np.random.default_rng(4), (8,)))
"""A network that is built in seconds."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's files: menu, parameters, and the same menu with the experiment's condition of hie."""
    path = tmp_path_factory.mktemp("user")
    (path / "mine.toml").write_text(MENU.format(hie=CHANGED))
    (path / "other.toml").write_text(MENU.format(hie=ORIGINAL))
    (path / "etm.toml").write_text(PARAMETERS)
    save_network(path / "small.npz", NETWORK)
    return path


def user_chain(folder: Path, menu: str = "mine.toml") -> Chain:
    return rtl_chain(str(folder / menu), parameters=EclParameters.from_toml(folder / "etm.toml"), network=NETWORK)


@pytest.fixture(autouse=True)
def rtl_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same chain gives the same RTL, and making it takes long."""
    monkeypatch.setattr(sim.cosim.chain, "chain_rtl", made_once)


KNOWN: dict[str, Rtl] = {}


def made_once(chain: Chain, *reuse: int) -> Rtl:
    key = digest(chain.digests, reuse)
    if key not in KNOWN:
        KNOWN[key] = chain_rtl(chain, *reuse)
    return KNOWN[key]


def test_model_rtl_rates_and_documentation_follow_the_users_files(folder):
    out = folder / "r.json"
    files = ("--menu", folder / "mine.toml", "--parameters", folder / "etm.toml", "--network", folder / "small.npz", "--out", out)
    shown = CliRunner().invoke(sim.cli.build_app(), ["verify", "chain", "--events", str(N_EVENTS), *map(str, files)])
    assert shown.exit_code == 0, shown.output
    assert "alone (all wait for the last): 2 cycles: 13, 4 cycles: 5, 29 cycles:" in shown.output
    record = json.loads(out.read_text())
    assert record["latency_measured"] == {str(record["latency_declared"]): N_EVENTS}
    assert (record["menu"], record["period"]) == ("mine", "p")
    latency = record["line_latency"]
    assert latency["klmhit"] < latency["hie"] < latency["brl2"] < latency["ffo"] == record["latency_declared"]
    assert {latency[name] - 2 for name in ("klmhit", "hie", "brl2", "ffo")} == set(record["block_latency"].values())
    assert record["lines_fired"]["brl2"] > 0
    assert record["lines_fired"]["hie"] > 0
    # Rates: photons below the user's 1.7 GeV, one cluster each; pairs of photons.
    experiment, user = Chain(menu="exp16"), user_chain(folder)
    soft, pairs = DarkPhoton(mass_gev=9.2), PhotonPair()
    before, after = (fired_hz(chain, soft, folder / name) for name, chain in (("soft", experiment), ("my_soft", user)))
    assert before["bhie"] > 20
    assert after["bhie"] < before["bhie"] / 4, "threshold"
    assert before["hie"] > 20
    assert after["hie"] == 0, "condition"
    before, after = (fired_hz(chain, pairs, folder / name) for name, chain in (("pairs", experiment), ("my_pairs", user)))
    assert after["brl2"] > 20
    assert "brl2" not in before
    # Documentation.
    for line, condition in (("hie", CHANGED), ("brl2", "icn_br >= 2 & t2 == 0 & !veto")):
        described = CliRunner().invoke(sim.cli.build_app(), ["menu", "show", line, "--menu", str(folder / "mine.toml")])
        assert described.stdout.startswith(f"{line}: {condition}\n")


def fired_hz(chain: Chain, process: Generator, folder: Path) -> dict[str, float]:
    """Rate of every line before prescale for 2 nb of a process, without background."""
    sample = RateSample(name="sample", process=process, clock=Clock.COLLISIONS, per_event=2.0, source="test")
    study = RateStudy(chain=chain, events=200, scales=(0.0,), samples=(sample,), luminosities={"record": 5e34})
    table = tabulate(study, folder)["rates"]
    return dict(zip(table.column("line"), table.column("fired_hz"), strict=True))


@pytest.mark.parametrize(
    ("menu", "settings", "field"),
    [("mine.toml", {}, "input_bits"), ("other.toml", {"parameters": EclParameters.default().replace(hie=1.7)}, "ftdl")],
)
def test_the_users_rtl_differs_from_other_models(folder, menu, settings, field):
    """The experiment's threshold, and the experiment's condition, against the RTL of the user's files."""
    rtl = made_once(user_chain(folder), REUSE)
    settings = {"network": NETWORK, **settings}
    job = ChainJob(n_events=N_EVENTS, out=folder / "other.json", menu=str(folder / menu), settings=settings)
    record = verify_chain(job, rtl=rtl)
    assert not record["passed"]
    assert record["mismatched_events"] > 0
    assert record["missing_events"] == record["extra_events"] == record["late_events"] == 0
    names = {"input_bits": load_menu(folder / menu).input_names, "ftdl": load_menu(folder / menu).line_names}[field]
    first = next(row for row in record["differences"] if row["field"] == field)
    assert names[first["element"]] in ("ehigh", "hie")


def test_events_hold_every_kind(folder):
    """With the shipped network: the small one's z is no z."""
    chain = rtl_chain(str(folder / "mine.toml"), parameters=EclParameters.from_toml(folder / "etm.toml"))
    external = tuple(external_positions(chain.menu))
    events = whole_events(chain, np.random.default_rng(3), 3, 0, 400, external)
    decision = chain.run(events.arrays)
    assert not decision.plan.not_supplied
    assert decision.ftdl.any(axis=0).mean() > 0.9
    counts, experts = np.diff(decision["track_offsets"]), decision["track_expert"]
    assert counts.min() == 0
    assert counts.max() > 24
    assert set(experts[decision["track_clock"] == 0].tolist()) == {-1, 0, 1, 2, 3, 4}
    assert set(experts[decision["track_clock"] > 0].tolist()) == {-1}
    every = Chain(menu=chain.menu, parameters=chain.settings.parameters).run(events.arrays)
    assert (every["track_expert"][decision["track_clock"] > 0] >= 0).any(), "the rule of the first data clock matters"
    assert 0.05 < events["ext_veto"].mean() < 0.15
    assert {name for name in events.arrays if name.startswith("ext_")} == {*external, "ext_veto"}


def test_a_chain_that_answers_every_track_is_no_rtl():
    with pytest.raises(InputError, match="neuro_clocks must be 1 for the RTL of the chain, not None"):
        chain_rtl(Chain(network=NETWORK))


def test_unfinished_events_and_beats_outside_are_dropped(folder):
    """20 beats of another event before one, and ten beats behind it that open none: nothing changes but the time."""
    chain = user_chain(folder)
    rtl = made_once(chain, REUSE)
    events = whole_events(chain, np.random.default_rng(5), 5, 0, 8, tuple(external_positions(chain.menu)))
    beats = records(chain.menu, events, hough.full_rate(8)).reshape(8, N_SECTORS, -1)
    disturbed = [*beats[:3], beats[0, :20], beats[3], beats[1, 5:15], *beats[4:]]
    model = runner.build(rtl.design)
    response = exchange.exchange(model, [np.concatenate(disturbed)], 8)
    answered = exchange.decode_fields(model.ports, fields(chain.menu), response.results)
    assert (response.cycles - response.marks).tolist() == [rtl.latency] * 8
    for name, values in expected(chain, events).items():
        assert (answered[name] == values).all(), name
