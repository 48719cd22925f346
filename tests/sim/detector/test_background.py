"""Background presets and a user's own hits."""

from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from sim.detector.background import THETA_WEIGHT, Background, BackgroundPreset
from sim.detector.background_hits import BackgroundHits, read_background_hits
from trigger.errors import InputError
from trigger.geometry.ecl import cells

NOMINAL = Background(preset=BackgroundPreset.NOMINAL)
OWN = {
    "offsets": np.array([0, 2, 2, 3]),
    "tc_id": np.array([5, 80, 576], np.int16),
    "energy_gev": np.array([0.2, 0.5, 1.5]),
    "time_ns": np.array([-3000.0, 10.0, 250.0]),
}


@pytest.mark.parametrize(("preset", "rate"), [("LOW", 0.001), ("NOMINAL", 0.003), ("HIGH", 0.010)])
def test_rate_of_barrel_cells_above_100_mev(rng: np.random.Generator, preset: str, rate: float) -> None:
    n = 2_000
    _, cell, energy, _ = Background(preset=BackgroundPreset[preset]).draw(n, rng)
    barrel = (cell > 80) & (cell <= 512) & (energy > 0.1)
    expected = rate * 432 * 8 * n
    assert np.count_nonzero(barrel) == pytest.approx(expected, abs=5 * np.sqrt(expected))


def test_none_is_none(rng: np.random.Generator) -> None:
    assert all(column.size == 0 for column in Background().draw(100, rng))


@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_scale_multiplies_the_rate(rng: np.random.Generator, scale: float) -> None:
    n = 4_000
    base, scaled = (b.draw(n, rng)[0].size for b in (NOMINAL, Background(preset=BackgroundPreset.NOMINAL, scale=scale)))
    assert scaled / base == pytest.approx(scale, rel=0.02)


def test_inner_rings_see_more(rng: np.random.Generator) -> None:
    _, cell, _, _ = NOMINAL.draw(8_000, rng)
    theta_id = cells().theta_id
    per_cell = np.bincount(theta_id[cell - 1], minlength=18)[1:] / np.bincount(theta_id, minlength=18)[1:]
    np.testing.assert_allclose(per_cell / per_cell[3:15].mean(), THETA_WEIGHT, rtol=0.08)


def test_spectrum_is_continuous_with_a_1_over_e2_tail(rng: np.random.Generator) -> None:
    _, _, energy, _ = NOMINAL.draw(20_000, rng)
    assert energy.min() >= 0.030
    assert energy.max() <= 2.0
    below, above = (np.count_nonzero(np.abs(energy - at) < 0.002) for at in (0.097, 0.103))
    assert above / below == pytest.approx(0.97, abs=0.08)
    tail = energy[energy > 0.1]
    assert (tail > 0.2).mean() == pytest.approx((1 / 0.2 - 0.5) / (1 / 0.1 - 0.5), abs=0.01)
    assert (tail > 1.0).mean() == pytest.approx((1 - 0.5) / (1 / 0.1 - 0.5), abs=0.004)


def test_hits_are_ordered_by_event_and_flat_in_time(rng: np.random.Generator) -> None:
    event, _, _, time = NOMINAL.draw(2_000, rng)
    assert (np.diff(event) >= 0).all()
    counts = np.histogram(time, np.linspace(-4000, 4000, 9))[0]
    np.testing.assert_allclose(counts / counts.mean(), 1.0, atol=0.05)


def test_meta_says_guess() -> None:
    meta = Background(preset=BackgroundPreset.HIGH, scale=0.3).meta()
    assert meta["background"].startswith("GUESS: preset high x 0.3")
    assert meta["background_rate_per_us_above_100_mev"] == pytest.approx(0.003)


@pytest.mark.parametrize("scale", [-1.0, float("nan"), 1e3])
def test_impossible_scale_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        Background(preset=BackgroundPreset.LOW, scale=scale)


def write_npz(path: Path, fields: dict[str, np.ndarray]) -> Path:
    np.savez(path.with_suffix(".npz"), **fields)
    return path.with_suffix(".npz")


def jagged(fields: dict[str, np.ndarray]) -> dict[str, ak.Array]:
    counts = np.diff(fields["offsets"])
    return {name: ak.unflatten(values, counts) for name, values in fields.items() if name != "offsets"}


def write_parquet(path: Path, fields: dict[str, np.ndarray]) -> Path:
    ak.to_parquet(ak.Array(jagged(fields)), path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def write_root(path: Path, fields: dict[str, np.ndarray]) -> Path:
    members = {"tc_id": "m_TCId", "energy_gev": "m_edep", "time_ns": "m_TimeAve"}
    branches = {f"TRGECLBGTCHits_{members[name]}": column for name, column in jagged(fields).items()}
    with uproot.recreate(path.with_suffix(".root")) as file:
        # A second container with the same member names must not confuse the reader.
        other = {f"TRGECLHits_{member}": branches[f"TRGECLBGTCHits_{member}"] for member in members.values()}
        everything = {**branches, **other}
        file.mktree("tree", {name: column.type.content for name, column in everything.items()})
        file["tree"].extend(everything)
    return path.with_suffix(".root")


WRITERS = (write_npz, write_parquet, write_root)
Writer = Callable[[Path, dict[str, np.ndarray]], Path]


@pytest.mark.parametrize("write", WRITERS)
def test_own_hits_come_back(tmp_path: Path, write: Writer) -> None:
    found = read_background_hits(write(tmp_path / "own", OWN))
    for name, values in OWN.items():
        np.testing.assert_array_equal(getattr(found, name), values)


def test_overlay_draws_whole_events(rng: np.random.Generator) -> None:
    event, cell, energy, time = BackgroundHits(**OWN).draw(3_000, rng)
    per_event = np.bincount(event, minlength=3_000)
    assert set(per_event.tolist()) == {0, 1, 2}
    np.testing.assert_allclose([(per_event == k).mean() for k in range(3)], 1 / 3, atol=0.05)
    first = np.flatnonzero(per_event == 2)[0]
    rows = event == first
    assert cell[rows].tolist() == [5, 80]
    assert energy[rows].tolist() == [0.2, 0.5]
    assert time[rows].tolist() == [-3000.0, 10.0]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("tc_id", 0, "field tc_id, event 2: must be 1..576, not 0"),
        ("tc_id", 577, "field tc_id, event 2: must be 1..576, not 577"),
        ("energy_gev", np.nan, "field energy_gev, event 2: must be 0..20 GeV"),
        ("energy_gev", -0.1, "field energy_gev, event 2"),
        ("time_ns", np.inf, "field time_ns, event 2: must be finite"),
    ],
)
def test_bad_hits_are_refused(tmp_path: Path, write: Writer, name: str, value: float, message: str) -> None:
    fields = {field: values.copy() for field, values in OWN.items()}
    fields[name][2] = value
    with pytest.raises(InputError, match=message):
        read_background_hits(write(tmp_path / "bad", fields))


@pytest.mark.parametrize(
    ("offsets", "message"),
    [([0, 3, 2, 3], "not decrease"), ([1, 2, 2, 3], "start at 0"), ([0, 2, 2], "3 entries"), ([0], "at least two")],
)
def test_bad_offsets_are_refused(tmp_path: Path, offsets: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_background_hits(write_npz(tmp_path / "bad", {**OWN, "offsets": np.array(offsets)}))


@pytest.mark.parametrize("missing", OWN)
def test_missing_fields_are_named(tmp_path: Path, missing: str) -> None:
    path = write_npz(tmp_path / "bad", {name: values for name, values in OWN.items() if name != missing})
    with pytest.raises(InputError, match=missing):
        read_background_hits(path)


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".root"])
@pytest.mark.parametrize("keep", [0.0, 0.25])
def test_truncated_files_are_refused(tmp_path: Path, suffix: str, keep: float) -> None:
    write = {writer(tmp_path / "own", OWN).suffix: writer for writer in WRITERS}[suffix]
    path = write(tmp_path / "own", OWN)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(InputError, match="own"):
        read_background_hits(path)


def test_unknown_suffix_and_absent_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must end in \.npz"):
        read_background_hits(tmp_path / "hits.csv")
    with pytest.raises(InputError, match="no such file"):
        read_background_hits(tmp_path / "hits.npz")


def test_lists_of_different_length_are_refused(tmp_path: Path) -> None:
    table = ak.Array({"tc_id": [[1, 2]], "energy_gev": [[0.1, 0.2]], "time_ns": [[1.0]]})
    ak.to_parquet(table, tmp_path / "bad.parquet")
    with pytest.raises(InputError, match="field time_ns, event 0: has 1 entries, tc_id 2"):
        read_background_hits(tmp_path / "bad.parquet")
