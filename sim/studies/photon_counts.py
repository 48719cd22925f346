"""Counters of one block of a single-photon sample: every number that the study's tables are made of."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage
from sim.offline import jagged
from sim.studies.counting import Counters
from sim.studies.float_cut import Variant, cluster_sums, decide, lab_per_cm, untruncated_gev
from sim.studies.lines import Line, by_threshold, single_photon_lines
from sim.studies.photon_chain import Block, Kind
from sim.studies.pointing import ring_at
from trigger.ecl import EclTrigger
from trigger.ecl.conditions import conditions
from trigger.ecl.parameters import EclParameters
from trigger.ecl.tables import cell_tables
from trigger.geometry.ecl import N_THETA

E_EDGES = np.round(np.arange(0.10, 5.3001, 0.01), 6)
"""Bins of E* in GeV. Our choice: a third of the narrowest turn-on (31 MeV) and from the gun's lowest energy on."""
PHI_BINS = 36
"""Bins of the azimuth. Our choice: the pitch of the barrel's trigger cells."""
MAP_PHI_BINS = 12
MAP_EDGES = np.round(np.arange(0.70, 1.5001, 0.02), 6)
"""Bins of E* / threshold of the ring-by-azimuth map. Our choice: six widths of the turn-on on each side."""
TIMING_EDGES_RAW = np.arange(-264, 265, 8)
"""Bins of the event time, raw. Our choice: 7.9 ns, twice one candidate window."""
PLATEAU_ABOVE = 1.3
"""E* over threshold from which a line counts as on its plateau. Our choice: five widths of the turn-on."""
NEAR_RAW = 64
"""Largest |time|, raw, of a photon's own hit. Our choice: half a clock, more than three widths at 100 MeV."""
STEPS = ("photon in the rings of the line", "digitised", "in the chosen window", "cluster above threshold", "quiet", "bit")
"""Steps of the loss table; "quiet" is one cluster above 300 MeV, or no 3D Bhabha, or nothing, as the line asks."""

OR = "or"


def count(block: Block, parameters: EclParameters) -> Counters:
    """All counters of a block; every value is a number of events."""
    lines = single_photon_lines(parameters)
    counters: Counters = {"events": np.array([block.job.events])}
    for name, chosen in _selections(block).items():
        counters |= _turn_on(block, name, chosen, lines)
    if block.sample.kind is Kind.GUN:
        counters |= _map(block, lines) | _variants(block, lines, parameters) | _steps(block, lines) | _timing(block, lines)
    else:
        counters |= _kills(block, lines)
    if block.sample.kind is Kind.MUMUGAMMA:
        counters |= _recoil(block, lines) | {"flow/mumugamma": block.mumugamma.flow.counts()} | _steps(block, lines)
    if block.sample.kind is Kind.DARK_PHOTON:
        counters |= {"flow/single_photon": block.single_photon.flow.counts()}
    return counters


def fired(block: Block, lines: tuple[Line, ...]) -> dict[str, NDArray[np.bool_]]:
    """Decision of each line by name, and of their OR."""
    bits = {line.name: line.fired(block.decision.ecl_lml) for line in lines}
    return bits | {OR: np.logical_or.reduce(list(bits.values()))}


def _selections(block: Block) -> Mapping[str, NDArray[np.bool_]]:
    everything = np.ones(block.job.events, bool)
    match block.sample.kind:
        case Kind.GUN:
            return {"all": everything}
        case Kind.MUMUGAMMA:
            passed, quiet = block.mumugamma.flow.passed, block.mumugamma.quiet_muons
            isolated = passed & quiet & block.mumugamma.isolated
            return {"all": everything, "offline": passed, "offline_quiet_muons": passed & quiet, "offline_isolated": isolated}
        case Kind.DARK_PHOTON:
            return {"all": everything, "offline": block.single_photon.flow.passed}


def _histogram(shape: tuple[int, ...], *places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts of index tuples; those with a negative or too large index are left out."""
    inside = np.logical_and.reduce([(p >= 0) & (p < size) for p, size in zip(places, shape, strict=True)])
    flat = np.ravel_multi_index([p[inside] for p in places], shape)
    return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape).astype(np.int64)


def _bin(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Bin number of each value, -1 outside and for NaN."""
    place = np.searchsorted(edges, values, side="right") - 1
    return np.where((place < edges.size - 1) & np.isfinite(values), place, -1)


def _phi_bin(phi_rad: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """Bin of the azimuth; bin 0 starts at 2.5 degrees, where barrel cells of phi id 1 do."""
    return ((np.degrees(phi_rad) - 2.5) % 360 / 360 * bins).astype(np.int64) % bins


def _turn_on(block: Block, name: str, chosen: NDArray[np.bool_], lines: tuple[Line, ...]) -> Counters:
    """By ring and by azimuth against true E*: photons and those that fire."""
    energy = np.where(chosen, _bin(block.e_star, E_EDGES), -1)
    phi = _phi_bin(block.arrays["true_photon_phi"], PHI_BINS)
    bits = fired(block, lines)
    shape = (N_THETA + 1, E_EDGES.size - 1)
    counters = {f"n_theta/{name}": _histogram(shape, block.ring, energy)}
    for line, bit in bits.items():
        counters[f"k_theta/{name}/{line}"] = _histogram(shape, block.ring, np.where(bit, energy, -1))
    for group, members in by_threshold(lines).items():
        inside = np.isin(block.ring, sorted({theta for line in members for theta in line.theta_ids}))
        bit = np.logical_or.reduce([bits[line.name] for line in members])
        place = np.where(inside, energy, -1)
        by_phi = (PHI_BINS, E_EDGES.size - 1)
        counters[f"n_phi/{name}/{group}"] = _histogram(by_phi, phi, place)
        counters[f"k_phi/{name}/{group}"] = _histogram(by_phi, phi, np.where(bit, place, -1))
    return counters


def _map(block: Block, lines: tuple[Line, ...]) -> Counters:
    """By ring and azimuth against E* / threshold of each group."""
    bits = fired(block, lines)
    phi = _phi_bin(block.arrays["true_photon_phi"], MAP_PHI_BINS)
    shape = (N_THETA + 1, MAP_PHI_BINS, MAP_EDGES.size - 1)
    counters = {}
    for group, members in by_threshold(lines).items():
        place = _bin(block.e_star / members[0].threshold_gev, MAP_EDGES)
        bit = np.logical_or.reduce([bits[line.name] for line in members])
        counters[f"n_map/{group}"] = _histogram(shape, block.ring, phi, place)
        counters[f"k_map/{group}"] = _histogram(shape, block.ring, phi, np.where(bit, place, -1))
    return counters


def _recoil(block: Block, lines: tuple[Line, ...]) -> Counters:
    """Against the E* that the muons predict, for predictions into the rings of each line: what data can measure."""
    selection = block.mumugamma
    ring = ring_at(selection.recoil_theta_rad)
    energy = np.where(selection.flow.passed, _bin(selection.recoil_e_star_gev, E_EDGES), -1)
    shape = (N_THETA + 1, E_EDGES.size - 1)
    counters = {"n_recoil": _histogram(shape, ring, energy)}
    for line, bit in fired(block, lines).items():
        counters[f"k_recoil/{line}"] = _histogram(shape, ring, np.where(bit, energy, -1))
    return counters


def _variants(block: Block, lines: tuple[Line, ...], parameters: EclParameters) -> Counters:
    """Each floating-point variant against E*, and its 2x2 table with the hardware around the threshold."""
    window, _, _ = block.window
    sums = cluster_sums(window, untruncated_gev(window.adc, block.rng(Stage.STUDY)), block.decision.ecl_cluster_tc)
    factor = lab_per_cm(block.arrays["true_photon_theta"], block.arrays["true_photon_phi"])
    energy = _bin(block.e_star, E_EDGES)
    counters: Counters = {}
    for line in lines:
        inside = line.inside(block.ring)
        near = inside & (np.abs(block.e_star / line.threshold_gev - 1) < PLATEAU_ABOVE - 1)
        hardware = line.fired(block.decision.ecl_lml)
        for variant in Variant:
            bit = decide(variant, line, block.decision, sums, block.cell, factor, parameters)
            key = f"{line.name}/{variant.name.lower()}"
            counters[f"k_variant/{key}"] = np.stack(
                [_histogram((E_EDGES.size - 1,), np.where(where & bit, energy, -1)) for where in (inside, inside & _central(block))]
            )
            pairs = [hardware & bit, hardware & ~bit, ~hardware & bit, ~hardware & ~bit]
            counters[f"paired/{key}"] = np.array([np.sum(near & pair) for pair in pairs])
        counters[f"n_variant/{line.name}"] = np.stack(
            [_histogram((E_EDGES.size - 1,), np.where(where, energy, -1)) for where in (inside, inside & _central(block))]
        )
    return counters


CENTRAL_DEG = (35.0, 120.0)
"""Angles of the specification's expectation for isolated photons (SOURCES 2.5)."""


def _central(block: Block) -> NDArray[np.bool_]:
    theta = np.degrees(block.arrays["true_photon_theta"])
    return (theta > CENTRAL_DEG[0]) & (theta < CENTRAL_DEG[1])


def _own_hits(block: Block, offsets: NDArray[np.int64], tc_id: NDArray, time: NDArray) -> NDArray[np.bool_]:
    """Events in which one of these hits lies in the 3x3 of the photon's cell at the photon's time."""
    event = jagged.event_index(offsets)
    near = (cell_tables().slots[block.cell[event]] == tc_id[:, None]).any(axis=1) & (tc_id > 0)
    return jagged.count(offsets, near & (np.abs(time) < NEAR_RAW)) > 0


def _steps(block: Block, lines: tuple[Line, ...]) -> Counters:
    """Photons on the plateau of each line that are left after each step, and those that fire without a whole chain."""
    arrays, decision = block.arrays, block.decision
    digitised = _own_hits(block, arrays["ecl_offsets"], arrays["ecl_tc_id"], arrays["ecl_time"])
    window, time, _ = block.window
    in_window = _own_hits(block, window.offsets, window.tc_id, time)
    centre = decision.ecl_cluster_tc.astype(np.int64)
    mine = (cell_tables().slots[block.cell][:, :, None] == centre[:, None, :]).any(axis=1) & (centre > 0)
    theta, factor = cell_tables().theta_id[centre], cell_tables().cm[centre, 2]
    cuts = block.trigger.thresholds
    n300 = np.sum((centre > 0) & (decision.ecl_cluster_adc >= cuts.lml_n300_min), axis=1)
    counters: Counters = {}
    for line in lines:
        least = np.asarray(getattr(cuts, line.counts_key))
        above = mine & line.inside(theta) & (decision.ecl_cluster_adc >= least[factor])
        quiet = n300 == 1 if line.exclusive else np.ones(n300.size, bool)
        if line.vetoed:
            quiet = decision.ecl_bhabha3d_veto == 0
        start = line.inside(block.ring) & (block.e_star > PLATEAU_ABOVE * line.threshold_gev)
        bit = line.fired(decision.ecl_lml)
        chain = np.logical_and.accumulate([start, digitised, in_window, above.any(axis=1), quiet, bit])
        counters[f"steps/{line.name}"] = np.append(chain.sum(axis=1), np.sum(start & bit)).astype(np.int64)
    return counters


def _timing(block: Block, lines: tuple[Line, ...]) -> Counters:
    """Event time, and chosen window, of photons above the highest plateau in the calorimeter."""
    chosen = (block.ring > 0) & (block.e_star > PLATEAU_ABOVE * lines[0].threshold_gev)
    _, _, start = block.window
    place = _bin(block.decision.ecl_timing.astype(float), TIMING_EDGES_RAW.astype(float))
    candidate = np.round((start.astype(np.int64) - block.arrays["ecl_phase"]) / 128).astype(np.int64) + 1
    has_hits = block.decision.ecl_timing_quality > 0
    quality = block.decision.ecl_timing_quality.astype(np.int64)
    return {
        "timing": _histogram((4, TIMING_EDGES_RAW.size - 1), quality, np.where(chosen & has_hits, place, -1)),
        "window_start": _histogram((3,), np.where(chosen & has_hits, candidate, -1)),
        "no_window": np.array([np.sum(chosen & ~has_hits)]),
    }


def _kills(block: Block, lines: tuple[Line, ...]) -> Counters:
    """For offline-selected photons on the plateau of a line: how many it takes, and the first condition that failed."""
    selections = {name: chosen for name, chosen in _selections(block).items() if name != "all"}
    by_line = conditions(block.decision, block.trigger.thresholds)
    counters: Counters = {}
    for line in lines:
        held = np.stack([mask for _, mask in by_line[line.name]])
        first = np.where(held.all(axis=0), held.shape[0], np.argmin(held, axis=0))
        plateau = line.inside(block.ring) & (block.e_star > PLATEAU_ABOVE * line.threshold_gev)
        for name, selected in selections.items():
            counters[f"kills/{name}/{line.name}"] = np.bincount(first[selected & plateau], minlength=held.shape[0] + 1).astype(
                np.int64
            )
    return counters


def condition_names(trigger: EclTrigger) -> dict[str, tuple[str, ...]]:
    """Names of the conditions of each line, in order."""
    nothing = trigger.run(np.zeros(1, np.int64), np.zeros(0, np.int16), np.zeros(0, np.int16))
    return {line: tuple(name for name, _ in held) for line, held in conditions(nothing, trigger.thresholds).items()}
