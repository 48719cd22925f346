"""The compiled loop of the GRL over events: full tracks, then everything that follows from the maps.

Ref: basf2 trg/grl TRGGRLMatchModule.cc, TRGGRLProjectsModule.cc (read in public source) [SIM].
"""

import numpy as np

from trigger.compiled import kernel
from trigger.grl.bits import one_hot, ones, runs, to_groups
from trigger.grl.matching import (
    angles_of_sector_tracks,
    angles_with_clusters,
    angles_with_full,
    bhabha_clusters,
    cluster_maps,
    endcap_clusters,
    endcap_klm,
    hemispheres,
    matched_cluster,
    matched_sector,
    photons,
)
from trigger.grl.parameters import INNER_SL1, INNER_SL2, N_BINS, N_SECTORS, N_SUPERLAYERS
from trigger.grl.rules import COLUMNS
from trigger.grl.sector_tracks import inner_tracks, short_tracks
from trigger.grl.tables import MAX_PER_QUADRANT, N_PHI, STEPS_PER_BIN, STEPS_PER_HALF_CELL, TURN


@kernel
def full_tracks(given, event, rules, in_quadrant, out):
    """Counts of the event's full tracks; returns (vetoed sectors, bins at the origin, bins at the ECL)."""
    one = np.uint64(1)
    tc, adc = given.cluster_tc[event], given.cluster_adc[event]
    veto, full, at_ecl = np.uint64(0), np.uint64(0), np.uint64(0)
    sectors, bhabha = np.uint64(0), np.uint64(0)
    n_full, n_3d, last_3d, n_matched, n_energetic = 0, 0, -1, 0, 0
    in_quadrant[:] = 0
    for i in range(given.track_offsets[event], given.track_offsets[event + 1]):
        quadrant = given.track_quadrant[i]
        if in_quadrant[quadrant] == MAX_PER_QUADRANT:
            out[COLUMNS.track_overflow] = 1
            continue
        in_quadrant[quadrant] += 1
        n_full += 1
        azimuth, omega = given.track_azimuth[i], given.track_omega[i]
        track = rules.track[omega]
        at = azimuth * N_SECTORS // N_PHI
        for sector in range(at + track.veto_first, at + track.veto_last + 1):
            veto |= one << np.uint64(sector % N_SECTORS)
        full |= one << np.uint64(azimuth * N_BINS // N_PHI)
        if track.ecl_reached:
            there = (azimuth * STEPS_PER_HALF_CELL - track.ecl_bend) % TURN // STEPS_PER_BIN
            at_ecl |= one << np.uint64(there)
            counts = matched_cluster(there, tc, adc, rules)
            n_matched += counts >= 0
            n_energetic += counts >= rules.energies[0]
        if track.klm_reached:
            steps = (azimuth * STEPS_PER_HALF_CELL - track.klm_bend) % TURN
            sector = matched_sector(steps, given.bklm[event], rules)
            if sector >= 0:
                sectors |= one << np.uint64(sector)
        if given.track_is_3d[i]:
            n_3d += 1
            last_3d = i
            if track.is_hard:
                bhabha |= bhabha_clusters(azimuth, tc, adc, rules)
    out[COLUMNS.n_full] = n_full
    one_hot(out, COLUMNS.cdcecl, 4, n_matched)
    one_hot(out, COLUMNS.c2gev, 4, n_energetic)
    one_hot(out, COLUMNS.cdcklm, 2, ones(sectors))
    if n_3d == 1:
        hemispheres(given.track_azimuth[last_3d], given.track_theta[last_3d], tc, rules, out)
    if given.bhabha_veto[event]:
        n_bhabha = ones(bhabha)
        out[COLUMNS.trkbha1], out[COLUMNS.trkbha2] = n_bhabha == 1, n_bhabha > 1
    return veto, full, at_ecl


@kernel
def decide(given, rules, values, short_map, inner_map):
    """All fields of every event; values: one column per element of a field, zero before."""
    sl = np.zeros(N_SUPERLAYERS, np.uint64)
    found = np.zeros(4, np.uint64)
    in_quadrant = np.zeros(4, np.int64)
    for event in range(len(values)):
        out, tc, adc = values[event], given.cluster_tc[event], given.cluster_adc[event]
        sl[:] = 0
        for i in range(given.segment_offsets[event], given.segment_offsets[event + 1]):
            if given.segment_superlayer[i] < N_SUPERLAYERS:
                sl[given.segment_superlayer[i]] |= given.segment_sectors[i]
        maps = cluster_maps(tc, rules)
        veto, full, at_ecl = full_tracks(given, event, rules, in_quadrant, out)
        photons(at_ecl, tc, adc, rules, out)

        short_tracks(sl, veto, rules.patterns, found)
        inner_sectors = inner_tracks(sl, INNER_SL1, INNER_SL2)
        short_map[event], inner_map[event] = found[1], inner_sectors
        n_short, n_inner = runs(found[0]), ones(inner_sectors)
        out[COLUMNS.n_short], out[COLUMNS.n_inner] = n_short, n_inner
        one_hot(out, COLUMNS.ts, 4, n_short)
        one_hot(out, COLUMNS.ta, 4, n_short + out[COLUMNS.n_full])
        out[COLUMNS.track], out[COLUMNS.ti] = n_short + out[COLUMNS.n_full] > 0, n_inner > 0
        out[COLUMNS.fwd_s], out[COLUMNS.bwd_s] = found[2] != 0, found[3] != 0

        short, inner = to_groups(found[1], rules.bin_sectors), to_groups(inner_sectors, rules.bin_sectors)
        pointing = (to_groups(found[2], rules.bin_sectors), to_groups(found[3], rules.bin_sectors))
        angles_with_full(full, short, inner, rules.windows, out)
        angles_of_sector_tracks(short, inner, rules.windows, out)
        angles_with_clusters(maps[0], at_ecl, rules.windows, out)
        endcap_clusters(pointing, inner, maps, rules, out)
        endcap_klm(pointing, inner, maps, given.eklm_forward[event], given.eklm_backward[event], rules, out)
