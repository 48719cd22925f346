"""The GRL once more, one event at a time: sets of sectors and bins, angles in degrees, from the description of its rules."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import asin, atan2, degrees, floor, hypot, radians, tan
from pathlib import Path

import numpy as np

from trigger.geometry.ecl import cells

REFERENCE = Path(__file__).parents[2] / "reference" / "grl_short_track_patterns.csv"
OMEGA_STEP = 1.5 * 29.9792458e-4 / 0.3 / 34
FIRST_SEGMENT = (0, 160, 320, 512, 736, 992)
"""First segment of superlayers 0..4, and of the next one."""
WINDOWS = {"3": (17, 19), "5": (16, 20), "7": (15, 21), "9": (14, 22), "o": (9, 27), "30": (3, 33)}
QUADRANTS = ([35, *range(10)], list(range(8, 20)), list(range(18, 29)), [*range(26, 36), 0])
SECTORS_OF_BIN = ((0, 1), (1, 2, 3), (3, 4, 5), (5, 6, 7), (7, 8), (8, 9, 10), (10, 11, 12), (12, 13, 14), (14, 15))


@dataclass(kw_only=True)
class Event:
    """One event: segments, tracks (phi_raw, omega_raw, expert, theta_raw), clusters (tc, adc), fired KLM sectors 0..23."""

    segments: Sequence[int] = ()
    tracks: Sequence[tuple[int, int, int, int]] = ()
    clusters: Sequence[tuple[int, int]] = ()
    klm: Sequence[int] = ()
    bhabha: bool = False


def pattern_rows() -> list[dict[str, str]]:
    lines = [line for line in REFERENCE.read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


PATTERNS = pattern_rows()


def hit_sectors(segments: Sequence[int]) -> list[set[int]]:
    found: list[set[int]] = [set() for _ in range(5)]
    for segment in segments:
        for sl in range(5):
            number = segment - FIRST_SEGMENT[sl]
            if not 0 <= number < FIRST_SEGMENT[sl + 1] - FIRST_SEGMENT[sl]:
                continue
            if sl == 2:
                found[sl].add(number // 3)
            elif sl == 4:
                found[sl].add(number // 4)
            else:
                size, middle = (7, 3) if sl == 3 else (5, 2)
                pair, place = divmod(number, size)
                found[sl] |= {2 * pair} if place <= middle else set()
                found[sl] |= {2 * pair + 1} if place >= middle else set()
    return found


def vetoed(phi_deg: float, omega: int) -> set[int]:
    """Sectors from one below the last to one above the first of the track's region."""
    at, w = floor(phi_deg / 5.625), abs(omega)
    wide = 0 if w <= 8 else 1 if w <= 15 else 2 if w <= 24 else 3 if w <= 30 else 4 if w <= 32 else 5
    near = 1 if w >= 28 else 0
    left, right = (at + wide, at + near) if omega < 0 else (at + near, at - wide)
    return {sector % 64 for sector in range(right - 1, left + 2)}


def bins_of(sectors: set[int]) -> set[int]:
    quarters = [(9 * q + b, 16 * q + s) for q in range(4) for b in range(9) for s in SECTORS_OF_BIN[b]]
    return {number for number, sector in quarters if sector in sectors}


def quadrants_of(bins: set[int]) -> set[int]:
    return {q for q in range(4) if bins & set(QUADRANTS[q])}


def apart(a: set[int], b: set[int], window: str) -> int:
    low, high = WINDOWS[window]
    return int(any(low <= abs(i - j) <= high for i in a for j in b))


def one_hot(name: str, length: int, n: int) -> dict[str, int]:
    return {f"{name}_{i}": int(n == i + 1 or (i == length - 1 and n > length)) for i in range(length)}


def circle(a: float, b: float) -> float:
    d = abs(a - b) % 360
    return min(d, 360 - d)


def sector_tracks(event: Event, veto: set[int]) -> dict[str, set[int]]:
    """Short tracks by SL2 and by SL0, sectors they point to, inner tracks."""
    hit = hit_sectors(event.segments)
    free = [sectors - veto for sectors in hit[:3]] + hit[3:]
    by_sl2: set[int] = set()
    by_sl0: set[int] = set()
    pointing: dict[str, set[int]] = {"fwd": set(), "bwd": set(), "": set()}
    for row in PATTERNS:
        if row["enabled"] == "0":
            continue
        for sl2 in free[2]:
            wanted = [(sl2 + int(row[f"dSL{sl}"])) % 64 for sl in (0, 1, 3, 4)]
            if all(sector in free[sl] for sector, sl in zip(wanted, (0, 1, 3, 4), strict=True)):
                by_sl2.add(sl2)
    for sl0 in free[0]:
        for row in PATTERNS:
            sl2 = (sl0 - int(row["dSL0"])) % 64
            wanted = {sl: (sl2 + int(row[f"dSL{sl}"])) % 64 for sl in (1, 3, 4)}
            if row["enabled"] == "1" and sl2 in free[2] and all(wanted[sl] in free[sl] for sl in wanted):
                by_sl0.add(sl0)
                if row["endcap"]:
                    window = range(int(row["extrap_left"]), int(row["extrap_right"]) + 1)
                    pointing[row["endcap"]] |= {(sl0 + e) % 64 for e in window}
                break
    inner = {
        i for i in hit[0] if any((i + d) % 64 in hit[1] for d in range(-4, 1)) and any((i + d) % 64 in hit[2] for d in range(-2, 3))
    }
    return {"sl2": by_sl2, "sl0": by_sl0, "fwd": pointing["fwd"], "bwd": pointing["bwd"], "inner": inner}


def groups(sectors: set[int]) -> int:
    return 1 if len(sectors) == 64 else sum((sector - 1) % 64 not in sectors for sector in sectors)


def answer(event: Event) -> dict[str, int]:
    """Every element of every field that is modelled, by name."""
    c = cells()
    kept: list[tuple[int, int, int, int]] = []
    seen = {0: 0, 1: 0, 2: 0, 3: 0}
    overflow = 0
    for track in event.tracks:
        quadrant = floor(((track[0] - 159) * 1.125 - 45 - 1e-9) % 360 / 90)
        seen[quadrant] += 1
        if seen[quadrant] > 6:
            overflow = 1
        else:
            kept.append(track)
    out: dict[str, int] = {"n_full": len(kept), "track_overflow": overflow}

    cluster = [
        {
            "adc": adc,
            "energy": adc * 5.25e-3,
            "phi": degrees(atan2(c.y_cm[tc - 1], c.x_cm[tc - 1])) % 360,
            "cot": c.z_cm[tc - 1] / hypot(c.x_cm[tc - 1], c.y_cm[tc - 1]),
            "theta": degrees(atan2(hypot(c.x_cm[tc - 1], c.y_cm[tc - 1]), c.z_cm[tc - 1])),
            "ring": int(c.theta_id[tc - 1]),
            "e": int(c.cm_energy_e[tc - 1]),
        }
        for tc, adc in event.clusters
    ]
    for one in cluster:
        one["bin"] = floor(one["phi"] / 10)
        one["barrel"] = 35 <= one["theta"] <= 126

    veto: set[int] = set()
    full: set[int] = set()
    at_ecl: set[int] = set()
    sectors: set[int] = set()
    matched, energetic = 0, 0
    fired = {k % 8 for k in event.klm if k < 16}
    for phi_raw, omega, _, _ in kept:
        phi = (phi_raw - 159) * 1.125 % 360
        veto |= vetoed(phi, omega)
        full.add(floor(phi / 10))
        there = floor((phi - degrees(asin(63 * omega * OMEGA_STEP))) % 360 / 10)
        at_ecl.add(there)
        near = [(min((there - one["bin"]) % 36, (one["bin"] - there) % 36), j) for j, one in enumerate(cluster) if one["barrel"]]
        if near and min(near)[0] < 2:
            matched += 1
            energetic += cluster[min(near)[1]]["energy"] >= 2
        if abs(88 * omega * OMEGA_STEP) <= 1 and fired:
            at_klm = phi - degrees(asin(88 * omega * OMEGA_STEP))
            distance, sector = min((circle(at_klm, 45 * k), k) for k in fired)
            if distance < 32.5:
                sectors.add(sector)
    out |= one_hot("cdcecl", 4, matched) | one_hot("c2gev", 4, energetic) | one_hot("cdcklm", 2, len(sectors))

    three = [((raw - 159) * 1.125 % 360, omega, theta) for raw, omega, expert, theta in kept if expert >= 0]
    out |= {"samhem": 0, "opohem": 0}
    if len(three) == 1:
        phi, _, theta_raw = three[0]
        cot = 1 / tan(radians(90 + 80 * theta_raw / 4096))
        out["opohem"] = int(any(circle(phi, one["phi"]) > 80 for one in cluster))
        odd = [one for one in cluster if circle(phi, one["phi"]) < 80 and (cot - one["cot"] < -0.8 or cot - one["cot"] > 0.6)]
        out["samhem"] = int(bool(odd))
    bhabha = 0
    for one in cluster:
        hard = [phi for phi, omega, _ in three if abs(omega) * OMEGA_STEP < 1.5 * 29.9792458e-4]
        close = any(circle(phi, one["phi"]) < 15 for phi in hard)
        bhabha += close and one["adc"] * 525 * 10 > 3 * one["e"] * 100_000
    out |= {"trkbha1": int(event.bhabha and bhabha == 1), "trkbha2": int(event.bhabha and bhabha > 1)}
    taken = {(b + d) % 36 for b in at_ecl for d in (-1, 0, 1)}
    photons = [one for one in cluster if not one["barrel"] or (one["energy"] >= 1 and one["bin"] not in taken)]
    for name, cut in (("n1gev", 1), ("n2gev", 2)):
        out |= one_hot(name, 4, sum(one["energy"] > cut for one in photons))

    track = sector_tracks(event, veto)
    n_short = groups(track["sl2"])
    out |= {"n_short": n_short, "n_inner": len(track["inner"]), "ti": int(bool(track["inner"]))}
    out |= one_hot("ts", 4, n_short) | one_hot("ta", 4, n_short + len(kept)) | {"track": int(n_short + len(kept) > 0)}
    for name, sectors_of in (("short_map", track["sl0"]), ("inner_map", track["inner"])):
        word = sum(1 << sector for sector in sectors_of)
        out |= {f"{name}_0": word & 0xFFFFFFFF, f"{name}_1": word >> 32}
    out |= {"fwd_s": int(bool(track["fwd"])), "bwd_s": int(bool(track["bwd"]))}

    short, inner, forward, backward = (bins_of(track[name]) for name in ("sl0", "inner", "fwd", "bwd"))
    clusters = {one["bin"] for one in cluster}
    out |= {f"cdc_b2b{k}": apart(full, full, k) for k in "3579"} | {"cdc_open90": apart(full, full, "o")}
    out |= {"f2f30": apart(full, full, "30"), "i2fo": apart(inner, full, "o"), "i2io": apart(inner, inner, "o")}
    out["itsfb2b"] = apart(inner, inner, "5")
    out |= {f"s2s{k}": apart(short, short, k) for k in ("3", "5", "o", "30")}
    out |= {f"s2f{k}": apart(short, full, k) for k in ("3", "5", "o", "30")}
    out |= {f"d{k}": apart(clusters, clusters, k) for k in "357"} | {f"p{k}": apart(at_ecl, clusters, k) for k in "3579"}
    ends = [{one["bin"] for one in cluster if one["ring"] in rings} for rings in ((1, 2, 3), (16, 17), (1, 2, 3, 4), (15, 16, 17))]
    out["secl"] = int(bool(forward & ends[0] or backward & ends[1]))
    near_inner = {(b + d) % 36 for b in inner for d in range(-4, 5)}
    out |= one_hot("iecl", 2, len((ends[0] | ends[1]) & near_inner))
    klm_backward = {k - 16 for k in event.klm if 16 <= k < 20}
    klm_forward = {(1, 0, 3, 2)[k - 20] for k in event.klm if k >= 20}
    n_seklm = len(quadrants_of(forward) & klm_forward) + len(quadrants_of(backward) & klm_backward)
    out |= {"seklm_0": int(n_seklm == 1), "seklm_1": int(n_seklm > 1)}
    out["ecleklm"] = int(bool(quadrants_of(ends[2]) & klm_forward or quadrants_of(ends[3]) & klm_backward))
    out["ieklm"] = int(bool(quadrants_of(inner) & (klm_forward | klm_backward)))
    return out


def arguments(events: Sequence[Event]) -> Mapping[str, object]:
    """The events as arguments of `GrlTrigger.run`."""

    def csr(counts: list[int]) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    tracks = np.array([track for event in events for track in event.tracks], np.int64).reshape(-1, 4)
    clusters, fired = np.zeros((len(events), 6, 2), np.int64), np.zeros((len(events), 24), np.uint8)
    for number, event in enumerate(events):
        clusters[number, : len(event.clusters)] = np.array(event.clusters, np.int64).reshape(-1, 2)
        fired[number, list(event.klm)] = 1
    return {
        "cdc_offsets": csr([len(event.segments) for event in events]),
        "cdc_ts_id": np.array([segment for event in events for segment in event.segments], np.int64),
        "track_offsets": csr([len(event.tracks) for event in events]),
        "track_phi_raw": tracks[:, 0],
        "track_omega_raw": tracks[:, 1],
        "track_expert": tracks[:, 2],
        "track_theta_raw": tracks[:, 3],
        "ecl_cluster_tc": clusters[:, :, 0],
        "ecl_cluster_adc": clusters[:, :, 1],
        "ecl_bhabha3d_veto": np.array([event.bhabha for event in events], np.uint8),
        "klm_fired": fired,
    }
