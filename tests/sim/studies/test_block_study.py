"""Studies of logical blocks: tables from counters, parts for a batch system, a file that changes meanwhile; every such verb."""

import importlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.studies.block_study import checkpoints, forget, run_study, tabulate
from sim.studies.counting import Counters, Job
from sim.studies.displaced import DisplacedStudy
from sim.studies.rates import RateStudy
from sim.studies.recipes import RECIPES, recipe_of
from sim.studies.sample_recipes import DisplacedRecipe, PhotonRecipe, RateRecipe, TrackRecipe
from sim.studies.single_photon import SinglePhotonStudy
from sim.studies.tables import Table
from sim.studies.tracks import TrackStudy
from trigger.errors import InputError

JOBS = [Job(sample=sample, block=block, events=100 + block) for sample in ("one", "other") for block in range(3)]


def count(job):
    return {"events": np.array([job.events])}


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """A study of how many events there are."""

    digests: list[str] = field(default_factory=lambda: ["same"])

    def jobs(self) -> list[Job]:
        return JOBS

    def task(self) -> Callable[[Job], Counters]:
        return count

    def digest(self) -> str:
        return self.digests.pop(0) if len(self.digests) > 1 else self.digests[0]

    def tables(self, counters: dict[str, Counters]) -> list[Table]:
        rows = tuple((name, int(found["events"][0])) for name, found in counters.items())
        return [Table(name="sizes", title="Sizes", columns=("sample", "events"), rows=rows)]


def test_tables_come_from_all_counters(tmp_path):
    made = tabulate(Sizes(), tmp_path / "new")
    assert made["sizes"].rows == (("one", 303), ("other", 303))
    assert (tmp_path / "new" / "sizes.json").exists()
    assert not (tmp_path / "new" / ".blocks").exists()


def test_parts_have_checkpoints_of_their_own(tmp_path):
    seen = []
    assert run_study(Sizes(), tmp_path, blocks=range(2, 4), done=seen.append)["one"]["events"].tolist() == [102]
    assert seen == JOBS[2:4]
    place = checkpoints(tmp_path, range(2, 4))
    assert len(list(place.iterdir())) == 2
    forget(tmp_path, range(2, 4))
    assert not any(tmp_path.iterdir())


def test_a_file_that_changes_meanwhile_leaves_no_table(tmp_path):
    with pytest.raises(InputError, match="a file that the study reads changed while it ran"):
        tabulate(Sizes(digests=["before", "after"]), tmp_path)
    assert not (tmp_path / "sizes.json").exists()


@pytest.mark.parametrize(
    "asked",
    [
        PhotonRecipe(events=300, seed=4, background="LOW"),
        TrackRecipe(events=300, networks=("classic",)),
        DisplacedRecipe(events=300, mass_gev=2.0, decay="pi-pi"),
        RateRecipe(period="e18r781", luminosities=(("a", 1e34),), injection=(25.0, 400.0, 9e3, 1.5), klm_mode="lines"),
    ],
    ids=lambda asked: asked.verb,
)
def test_options_survive_the_way_through_json(asked):
    again = recipe_of(json.loads(json.dumps(asked.to_json())))
    assert again == asked
    assert again.study().digest() == asked.study().digest()
    assert type(asked) in RECIPES
    with pytest.raises(InputError, match="not the options of a study"):
        recipe_of({"verb": asked.verb, "nonsense": 1})


def test_other_verbs_are_refused():
    with pytest.raises(InputError, match="verb must be one of study, study single-photon, .* not 'study nothing'"):
        recipe_of({"verb": "study nothing"})


def darktrigger(*words):
    answer = CliRunner().invoke(sim.cli.build_app(), [str(word) for word in words])
    assert answer.exit_code == 0, answer.output
    return answer.output


@pytest.fixture
def cheap(monkeypatch):
    """The blocks of every study are quick to count: the same numbers whoever counts them."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return importlib.import_module("counting_work")


@pytest.mark.parametrize(
    ("verb", "kind", "study"),
    [
        (("study", "single-photon", "--events", 300, "--seed", 5), PhotonRecipe, SinglePhotonStudy),
        (("study", "tracks", "--events", 100, "--network", "classic"), TrackRecipe, TrackStudy),
        (("study", "displaced", "--events", 100), DisplacedRecipe, DisplacedStudy),
        (("menu", "rates", "--events", 16, "--scales", "0.3", "--luminosity", "5e34"), RateRecipe, RateStudy),
    ],
    ids=lambda value: getattr(value, "verb", ""),
)
def test_parts_are_the_blocks_of_the_study(verb, kind, study, cheap, tmp_path, monkeypatch):
    """Three parts of each verb hold together the counters of one run, and `merge` makes its study from their options again."""
    monkeypatch.chdir(tmp_path)
    finished = {}

    def finish(asked, made, counters, out, workers=1, scheduler=None):
        finished[out.name] = (asked, counters)
        return [f"{asked.verb} of {made.digest()[:12]}"]

    monkeypatch.setattr(kind, "finish", finish)
    monkeypatch.setattr(study, "task", lambda self: cheap.count)
    whole = darktrigger(*verb, "--out", "whole")
    asked, one = finished["whole"]
    blocks = len(asked.study().jobs())
    for first, stop in itertools.pairwise((0, 1, blocks // 2, blocks)):
        darktrigger(*verb, "--event-blocks", f"{first}:{stop}", "--out", "parts")
    parts = sorted(Path("parts").iterdir())
    assert len(parts) == 3
    assert darktrigger("merge", *parts, "--out", "merged") == whole
    again, merged = finished["merged"]
    assert again == asked
    assert plain(merged) == plain(one)


def plain(counters):
    return {sample: {name: values.tolist() for name, values in found.items()} for sample, found in counters.items()}
