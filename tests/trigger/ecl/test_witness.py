"""A second ECL trigger, plain and slow, against the compiled one on random events, dense ones and user parameters among them.

Written from the published facts with dictionaries, exact rationals and no table of the package except the published CM look-up
in tests/reference/ecl_cm_lookup.csv. Energies are compared in GeV, so derived integers play no part.
"""

import csv
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trigger.ecl import EclDecision, EclParameters, EclTrigger, unpack_word
from trigger.ecl.layout import DECISION_FIELDS
from trigger.ecl.parameters import Unit, declared_parameters

REFERENCE = Path(__file__).parents[2] / "reference"
LSB_GEV = Fraction(525, 100_000)

POSITION: dict[int, tuple[int, int]] = {}
for _k in range(16):
    _rows = ((1, 2 * _k + 1), (2, 2 * _k + 1), (3, 2 * _k + 1), (3, 2 * _k + 2), (2, 2 * _k + 2))
    POSITION.update({5 * _k + 1 + n: row for n, row in enumerate(_rows)})
    _rows = ((17, 2 * _k + 2), (16, 2 * _k + 2), (16, 2 * _k + 1), (17, 2 * _k + 1))
    POSITION.update({513 + 4 * _k + n: row for n, row in enumerate(_rows)})
for _phi in range(1, 37):
    POSITION.update({81 + 12 * (_phi - 1) + n: (4 + n, _phi) for n in range(12)})
CELL = {position: tc for tc, position in POSITION.items()}
CELL.update({(1, phi + 1): tc for tc, (theta, phi) in POSITION.items() if theta == 1})


def _look_up() -> dict[int, tuple[int, int, int]]:
    lines = (REFERENCE / "ecl_cm_lookup.csv").read_text(encoding="utf-8").splitlines()
    words = {int(r["tc_id"]): int(r["lut_word"]) for r in csv.DictReader(line for line in lines if not line.startswith("#"))}
    return {tc: (word >> 13, word >> 4 & 511, word & 15) for tc, word in words.items()}


CM = _look_up()


def region(tc: int) -> str:
    return "FWD" if tc <= 80 else "BRL" if tc <= 512 else "BWD"


def at(theta: int, phi: int) -> int:
    """Cell at a place, phi cyclic; 0 where the region has none."""
    n_phi = 36 if 4 <= theta <= 15 else 32
    return CELL.get((theta, (phi - 1) % n_phi + 1), 0)


def slots(tc: int) -> dict[int, int]:
    """Neighbour slots 1..8 of a cell, missing ones 0. Phi id - 1 is up, theta id + 1 is left."""
    theta, phi = POSITION[tc]
    if theta == 1:
        cells = [at(1, phi - 2), at(2, phi - 1), at(2, phi), at(2, phi + 1), at(2, phi + 2), at(1, phi + 2), 0, 0]
        return dict(enumerate(cells, start=1))
    places = [(0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1)]
    found = {k: at(theta + dt, phi + dp) for k, (dt, dp) in enumerate(places, start=1)}
    if theta == 2:
        found[4 if phi % 2 == 1 else 2] = 0
    return {k: cell if cell and region(cell) == region(tc) else 0 for k, cell in found.items()}


def seeds(adc: dict[int, int]) -> list[int]:
    chosen = []
    for tc in sorted(adc):
        hit = {k: cell in adc for k, cell in slots(tc).items()}
        blocked = hit[1] or hit[3] or hit[4] if POSITION[tc][0] == 1 else hit[1] or hit[7]
        if not blocked and not (hit[5] and hit[6]):
            chosen.append(tc)
    return chosen


def cluster(seed: int, adc: dict[int, int]) -> tuple[int, int, int]:
    """(centre, counts, member cells) of a seed's cluster."""
    centre = seed
    for k in range(1, 9):
        if adc.get(slots(seed)[k], 0) > adc.get(centre, 0):
            centre = slots(seed)[k]
    members = {centre, *slots(centre).values()} & set(adc)
    return centre, sum(adc[tc] for tc in members), len(members)


def opposite(fired: set[tuple[str, int]], name: str) -> bool:
    rows = {"FWD": [(32, 9), (8, 17), (16, 25), (24, 1)], "BRL": [(36, 10), (9, 19), (18, 28), (27, 1)]}[name]
    n_phi = 32 if name == "FWD" else 36

    def quadrant(first: int, last: int) -> bool:
        phi, ids = first, [first]
        while phi != last:
            phi = phi % n_phi + 1
            ids.append(phi)
        return any((name, phi) in fired for phi in ids)

    q = [quadrant(*row) for row in rows]
    return (q[0] and q[2]) or (q[1] and q[3])


TYPES = [
    ((1, 2, 3), (16, 17)), ((3,), (15,)), ((4,), (14, 15)), ((5,), (14, 15)), ((4, 5), (14,)), ((5,), (13, 14)), ((5,), (12, 13)),
    ((5, 6), (13,)), ((5, 6), (12,)), ((6, 7), (12,)), ((6, 7), (11,)), ((7, 8), (11,)), ((8,), (10, 11)), ((8, 9), (9, 10)),
]  # fmt: skip


def decide(adc: dict[int, int], time: dict[int, int], p: EclParameters) -> dict[str, Any]:
    """All decision fields of one event as plain numbers and lists; the word as one integer."""
    gev = {tc: n * LSB_GEV for tc, n in adc.items()}
    ring = {theta: sum((e for tc, e in gev.items() if POSITION[tc][0] == theta), Fraction(0)) for theta in range(1, 18)}
    ephys, etotal = sum((ring[t] for t in range(2, 16)), Fraction(0)), sum(ring.values(), Fraction(0))
    all_seeds = seeds(adc)
    order = [tc for name in ("BRL", "FWD", "BWD") for tc in all_seeds if region(tc) == name]
    found = [cluster(tc, adc) for tc in order]
    stored = found[:6]
    icn_fw = sum(POSITION[tc][0] in (2, 3) for tc in all_seeds)
    icn_br, icn_bw = (sum(region(tc) == name for tc in all_seeds) for name in ("BRL", "BWD"))
    icn = icn_fw + icn_br
    types = [
        int(sum(ring[t] for t in f) >= p[f"bha2d_fw{k:02d}"] and sum(ring[t] for t in b) >= p[f"bha2d_bw{k:02d}"])
        for k, (f, b) in enumerate(TYPES, start=1)
    ]
    bhabha2d = any(types) and icn < 4

    theta = [POSITION[centre][0] for centre, _, _ in stored]
    e = [n * LSB_GEV for _, n, _ in stored]
    cm = [CM[centre] for centre, _, _ in stored]
    n = len(stored)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]

    def over(i: int, cut: Fraction) -> bool:
        return e[i] > cut * cm[i][2] / 10

    def angles(i: int, j: int, name: str) -> bool:
        difference, total = abs(cm[i][1] - cm[j][1]), cm[i][0] + cm[j][0]
        return p[f"{name}_phi_d_l"] < difference < p[f"{name}_phi_d_h"] and p[f"{name}_theta_s_l"] < total < p[f"{name}_theta_s_h"]

    def bhabha3d(name: str) -> list[tuple[int, int]]:
        low, high = p[f"{name}_e_l"], p[f"{name}_e_h"]
        return [
            (i, j) for i, j in pairs if angles(i, j, name) and over(i, low) and over(j, low) and (over(i, high) or over(j, high))
        ]

    veto, selection = bhabha3d("bha3dveto"), bhabha3d("bha3dsel")
    first, last = p["bha3d_theta_id_in_trk_l"], p["bha3d_theta_id_in_trk_h"]
    muon = [p["mumu_e"] * cm[i][2] / 10 for i in range(n)]
    mumu = any(angles(i, j, "mumu") and e[i] < muon[i] and e[j] < muon[j] for i, j in pairs)
    t1 = p["taub2b_cl_e"]
    taub2b = etotal < p["taub2b_tot_e"] and any(angles(i, j, "taub2b") and (e[i] < t1 or e[j] < t1) for i, j in pairs)
    endcap = sum((theta[i] <= 3 or theta[i] >= 16) and e[i] > p["taub2b2_cl_e_endcap"] for i in range(n))
    t2 = p["taub2b2_cl_e_all"]
    taub2b2 = etotal < p["taub2b2_tot_e"] and endcap < 2
    taub2b2 = taub2b2 and any(angles(i, j, "taub2b2") and e[i] > t2 and e[j] > t2 for i, j in pairs)
    t3 = p["taub2b3_cl_e_b2b"]
    taub2b3 = etotal < p["taub2b3_tot_e"] and all(p["taub2b3_cl_e_all_l"] < x <= p["taub2b3_cl_e_all_h"] for x in e)
    taub2b3 = taub2b3 and any(
        angles(i, j, "taub2b3") and 2 <= theta[i] <= 16 and 2 <= theta[j] <= 16 and (e[i] > t3 or e[j] > t3) for i, j in pairs
    )

    v = [False] * 5
    v[0] = n == 1 and theta[0] <= 3
    if n == 2:
        a = p["hie12_phi_d_l"] < abs(cm[0][1] - cm[1][1]) < p["hie12_phi_d_h"]
        b = p["hie12_theta_s_l"] < cm[0][0] + cm[1][0] < p["hie12_theta_s_h"]
        weak = theta[0] if e[0] < e[1] else theta[1]
        v[1], v[2], v[3] = a and b, a or b, weak <= 3 or weak >= 16
        v[4] = v[3] and all(x > p["hie4_cl_e"] for x in e)
    hie = [int(ephys > 1 and not v[0] and not v[k]) for k in range(1, 5)]

    n300 = sum(x > p["lml_cl_e_lab_2"] for x in e)
    inside = [i for i in range(n) if 2 <= theta[i] <= 16]
    two, one, half = ([i for i in range(n) if over(i, p[f"lml_cl_e_cms_{k}"])] for k in (1, 2, 3))
    n2a, n2b, n2c = (sum(theta[i] in ids for i in two) for ids in (range(4, 15), (2, 3, 15, 16), (1, 17)))
    n1a, n1b = (sum(theta[i] in ids for i in one) for ids in (range(4, 16), (2, 3, 16)))
    n05 = sum(int(p["lml13_theta_id"]) >> (theta[i] - 1) & 1 for i in half)
    wrapped = {(i, j): min(abs(cm[i][1] - cm[j][1]), 360 - abs(cm[i][1] - cm[j][1])) for i, j in pairs}
    e3, quiet, no_veto = p["lml_cl_e_lab_3"], not two, not veto
    ph = any(wrapped[i, j] > 170 and e[i] > e3 and e[j] > e3 for i, j in pairs)
    pl = any(wrapped[i, j] > 170 and min(e[i], e[j]) < e3 < max(e[i], e[j]) for i, j in pairs)
    p3 = any(wrapped[i, j] > 160 and 160 < cm[i][0] + cm[j][0] < 200 for i, j in pairs)
    lml = [
        n >= 3 and n300 >= p["lml00_ncl"] and no_veto, n2a > 0, n2b > 0 and no_veto, n2b > 0 and not no_veto, n2c > 0 and no_veto,
        n2c > 0 and not no_veto, n1a == 1 and n300 == 1, n1b == 1 and n300 == 1, ph and quiet, pl and quiet, p3 and quiet,
        quiet and bool(adc), len(inside) >= 3 and sum(e[i] > p["lml_cl_e_lab_1"] for i in inside) >= p["lml12_ncl"] and no_veto,
        n05 == 1 and n300 == 1,
    ]  # fmt: skip
    fired = {(region(tc), POSITION[tc][1]) for tc in adc if POSITION[tc][0] != 1}
    forward, barrel = opposite(fired, "FWD"), opposite(fired, "BRL")
    top = min(adc, key=lambda tc: (-adc[tc], tc)) if adc else 0
    quality = 0
    if adc:
        quality = 3 if gev[top] > p["event_timing_super"] else 2 if gev[top] > p["event_timing_fine"] else 1
    pad = [0] * (6 - n)
    return {
        "ecl_n_clusters": n, "ecl_overflow": len(found) > 6,
        "ecl_cluster_tc": [c for c, _, _ in stored] + pad, "ecl_cluster_adc": [x for _, x, _ in stored] + pad,
        "ecl_cluster_ntc": [m for _, _, m in stored] + pad, "ecl_cluster_time": [time.get(c, 0) for c, _, _ in stored] + pad,
        "ecl_icn": icn, "ecl_icn_fw": icn_fw, "ecl_icn_br": icn_br, "ecl_icn_bw": icn_bw,
        "ecl_ephys_adc": int(ephys / LSB_GEV), "ecl_etotal_adc": int(etotal / LSB_GEV),
        "ecl_elow": ephys > p["lowe"], "ecl_ehigh": ephys > p["hie"], "ecl_elum": ephys > p["lume"],
        "ecl_burst": etotal > p["e_burst"],
        "ecl_physics": bool(adc) and (int(1000 * ephys + Fraction(1, 2)) > 1000 or icn > 3) and not bhabha2d,
        "ecl_bhabha2d_type": types if adc else [0] * 14, "ecl_bhabha2d": bool(adc) and bhabha2d,
        "ecl_bhabha3d_veto": bool(veto), "ecl_bhabha3d_sel": bool(selection), "ecl_mumu": mumu,
        "ecl_taub2b": taub2b, "ecl_taub2b2": taub2b2, "ecl_taub2b3": taub2b3, "ecl_hie": hie, "ecl_lml": [int(x) for x in lml],
        "ecl_bhabha3d_intrack": bool(veto) and any(first <= theta[i] <= last for i in veto[-1]),
        "ecl_bhabha3d_theta": min(min(theta[i] for i in selection[-1]), 4) - 1 if selection else 0,
        "ecl_bgveto": (forward or barrel) + 2 * (barrel and not forward) + 4 * (forward and not barrel),
        "ecl_timing": time.get(top, 0), "ecl_timing_source": {"FWD": 1, "BRL": 2, "BWD": 4}[region(top)] if adc else 0,
        "ecl_timing_quality": quality,
    }  # fmt: skip


def word_of(d: dict[str, Any], hit: bool) -> int:
    """The 96-bit word by the published bit map; types in order from bit 20, 2D Bhabha at bit 19."""
    bits = {
        0: hit, 18: d["ecl_physics"], 19: d["ecl_bhabha2d"], 47: d["ecl_elow"], 48: d["ecl_ehigh"], 49: d["ecl_elum"],
        60: d["ecl_overflow"], 61: d["ecl_bhabha3d_veto"], 74: d["ecl_bhabha3d_sel"], 75: d["ecl_mumu"], 76: hit,
        77: d["ecl_burst"], 86: d["ecl_bhabha3d_intrack"], 89: d["ecl_taub2b"],
        93: d["ecl_taub2b2"], 94: d["ecl_taub2b3"], 95: d["ecl_hie"][3],
    }  # fmt: skip
    bits |= {20 + k: d["ecl_bhabha2d_type"][k] for k in range(14)}
    bits |= {(62 + k if k < 12 else 66 + k): d["ecl_lml"][k] for k in range(14)}
    bits |= {90 + k: d["ecl_hie"][k] for k in range(3)}
    word = sum(int(value) << bit for bit, value in bits.items())
    word |= (d["ecl_timing"] & 0x7F) << 1 | d["ecl_timing_source"] << 15 | min(d["ecl_ephys_adc"], 8191) << 34
    return (
        word | (d["ecl_icn"] & 0x7F) << 50 | d["ecl_bgveto"] << 57 | d["ecl_timing_quality"] << 84 | d["ecl_bhabha3d_theta"] << 87
    )


def expected(adc: dict[int, int], time: dict[int, int], p: EclParameters) -> dict[str, Any]:
    """`decide` with the word as its three columns."""
    decision = decide(adc, time, p)
    word = word_of(decision, bool(adc))
    return {**decision, "ecl_word": [word >> shift & 0xFFFFFFFF for shift in (0, 32, 64)]}


def compare(events: list[dict[int, int]], p: EclParameters, times: list[dict[int, int]] | None = None) -> EclDecision:
    """Run the events through both triggers and fail with the first differences."""
    offsets = np.cumsum([0, *(len(adc) for adc in events)])
    ids = np.array([tc for adc in events for tc in sorted(adc)], dtype=np.int16)
    counts = np.array([adc[tc] for adc in events for tc in sorted(adc)], dtype=np.int16)
    raw = None if times is None else np.array([t[tc] for t in times for tc in sorted(t)], dtype=np.int16)
    decision = EclTrigger(p).run(offsets, ids, counts, raw)
    wanted = [expected(adc, times[i] if times else {}, p) for i, adc in enumerate(events)]
    wrong = [
        f"event {i} {name}: {array[i].tolist()}, witness {wanted[i][name]}, hits {events[i]}"
        for name, array in decision.arrays().items()
        for i in np.flatnonzero((array != np.array([w[name] for w in wanted])).reshape(len(array), -1).any(axis=1))
    ]
    assert not wrong, "\n".join([f"{len(wrong)} differences", *wrong[:5]])
    return decision


def random_fill(rng: np.random.Generator, n_hits: int) -> dict[int, int]:
    cells = rng.choice(576, size=n_hits, replace=False) + 1
    top = int(rng.choice([60, 400, 2000, 4095]))
    return {int(tc): int(rng.integers(1, top + 1)) for tc in cells}


LAB_KEYS = (
    "lml_cl_e_lab_1", "lml_cl_e_lab_2", "lml_cl_e_lab_3", "taub2b_cl_e", "taub2b2_cl_e_all", "taub2b2_cl_e_endcap",
    "taub2b3_cl_e_b2b", "taub2b3_cl_e_all_l", "taub2b3_cl_e_all_h", "hie4_cl_e",
)  # fmt: skip
CM_KEYS = (
    "lml_cl_e_cms_1", "lml_cl_e_cms_2", "lml_cl_e_cms_3", "mumu_e",
    "bha3dveto_e_l", "bha3dveto_e_h", "bha3dsel_e_l", "bha3dsel_e_h",
)  # fmt: skip


def near_threshold(rng: np.random.Generator, p: EclParameters) -> dict[int, int]:
    """One to three showers of up to three cells, most of them back to back, each sum within two counts of a cluster threshold."""
    lab = [p[key] for key in LAB_KEYS]
    adc: dict[int, int] = {}
    centre = int(rng.integers(1, 577))
    for _ in range(int(rng.integers(1, 4))):
        cm = [p[key] * CM[centre][2] / 10 for key in CM_KEYS]
        total = int(rng.choice([int(cut / LSB_GEV) for cut in [*lab, *cm]])) + int(rng.integers(-1, 3))
        free = [tc for tc in slots(centre).values() if tc and tc not in adc][: int(rng.integers(0, 3))]
        for tc in free:
            adc[tc] = min(max(total // 8, 1), 4095)
        adc[centre] = min(max(total - sum(adc[tc] for tc in free), 1), 4095)
        theta, phi, _ = CM[centre]
        slack = int(rng.integers(0, 40))
        partners = [tc for tc, (t, f, _) in CM.items() if abs(t + theta - 180) <= slack and abs(abs(f - phi) - 180) <= slack]
        centre = int(rng.choice(partners)) if partners and rng.random() < 0.8 else int(rng.integers(1, 577))
    return adc


@pytest.mark.parametrize(
    ("n_hits", "n_events"), [(1, 300), (3, 300), (8, 300), (40, 100), (150, 40), (350, 20), (575, 5), (576, 3)]
)
def test_random_fill(n_hits: int, n_events: int) -> None:
    rng = np.random.default_rng(n_hits)
    compare([random_fill(rng, n_hits) for _ in range(n_events)], EclParameters.default())


def test_counts_at_every_cluster_threshold() -> None:
    rng, p = np.random.default_rng(11), EclParameters.default()
    decision = compare([near_threshold(rng, p) for _ in range(2500)], p)
    for name, array in decision.arrays().items():
        if name not in ("ecl_overflow", "ecl_burst", "ecl_cluster_time", "ecl_timing"):
            assert array.max() > 0, name
    assert decision.ecl_lml.any(axis=0).all()
    assert (decision.ecl_hie == 0).any(axis=0).all()


def near_sum(rng: np.random.Generator, p: EclParameters) -> dict[int, int]:
    """Two cells in the rings of a 2D Bhabha type within a count of its thresholds, or one cell at a threshold of the sums."""
    if rng.random() < 0.3:
        key = str(rng.choice(["lowe", "hie", "lume", "e_burst", "event_timing_fine", "taub2b_tot_e", "taub2b3_tot_e"]))
        left = int(p[key] / LSB_GEV) + int(rng.integers(-1, 3))
        cells = (int(tc) for tc in rng.permutation(576) + 1)
        parts = [4095] * (left // 4095) + [left % 4095]
        return {tc: n for tc, n in zip(cells, parts, strict=False) if n > 0}
    k = int(rng.integers(14))
    adc: dict[int, int] = {}
    for side, rings in zip(("fw", "bw"), TYPES[k], strict=True):
        tc = int(rng.choice([tc for tc, (theta, _) in POSITION.items() if theta in rings and tc not in adc]))
        adc[tc] = min(max(int(p[f"bha2d_{side}{k + 1:02d}"] / LSB_GEV) + int(rng.integers(-1, 3)), 1), 4095)
    return adc


def test_sums_at_every_threshold() -> None:
    rng, p = np.random.default_rng(14), EclParameters.default()
    decision = compare([near_sum(rng, p) for _ in range(1500)], p)
    types = decision.ecl_bhabha2d_type.sum(axis=0)
    assert ((types > 0) & (types < 1500)).all()


def test_user_parameters() -> None:
    """Energies become random multiples of the LSB, where ">" and ">=" differ; angles move by half degrees; masks are random."""
    rng, default = np.random.default_rng(12), EclParameters.default()
    for _ in range(30):
        changes: dict[str, object] = {}
        for declaration in declared_parameters():
            value = declaration.default
            if declaration.unit in (Unit.GEV_LAB, Unit.GEV_CM):
                changes[declaration.key] = round(value * int(rng.integers(70, 131)) / 100 / LSB_GEV) * LSB_GEV
            elif declaration.unit is Unit.DEG:
                changes[declaration.key] = value + Fraction(int(rng.integers(-40, 41)), 2)
            elif declaration.unit is Unit.MASK:
                changes[declaration.key] = int(rng.integers(0, 1 << 17))
            elif declaration.unit in (Unit.COUNT, Unit.THETA_ID):
                changes[declaration.key] = int(rng.integers(0, 6))
        p = default.replace(**changes)
        compare([near_threshold(rng, p) for _ in range(60)], p)
        compare([random_fill(rng, 12) for _ in range(10)] + [near_sum(rng, p) for _ in range(40)], p)


def test_timed_events() -> None:
    """Hits of one window with times: cluster times are those of the centres, the event time that of the top cell."""
    rng = np.random.default_rng(13)
    events = [near_threshold(rng, EclParameters.default()) for _ in range(300)]
    times = [{tc: int(rng.integers(0, 128)) for tc in adc} for adc in events]
    decision = compare(events, EclParameters.default(), times)
    assert decision.ecl_timing.max() > 64


@given(st.dictionaries(st.integers(1, 576), st.integers(1, 4095), max_size=40))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_event(adc: dict[int, int]) -> None:
    compare([adc], EclParameters.default())


def test_word_of_the_witness_unpacks() -> None:
    """The hand-written bit map and the declared layout agree on the names that both carry."""
    p = EclParameters.default()
    fields = {field.name for field in DECISION_FIELDS}
    for seed in range(20):
        decision = expected(random_fill(np.random.default_rng(seed), 30), {}, p)
        word = unpack_word(np.array([decision["ecl_word"]], dtype=np.uint32))
        for name, value in word.items():
            if f"ecl_{name}" in fields and name not in ("timing", "bhabha2d_type"):
                assert value[0] == decision[f"ecl_{name}"], name
