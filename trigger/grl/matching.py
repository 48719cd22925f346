"""Matching of tracks, clusters and KLM sectors, and opening angles, in compiled loops: event by event, bins as bits of words.

Ref: basf2 trg/grl TRGGRLMatchModule.cc, TRGGRLProjectsModule.cc (read in public source) [SIM].
"""

import numpy as np

from trigger.compiled import kernel
from trigger.grl.bits import apart, one_hot, ones, to_groups, turn
from trigger.grl.parameters import IECL_BINS, N_BINS
from trigger.grl.rules import COLUMNS
from trigger.grl.tables import N_KLM_SECTORS, N_PHI, STEPS_PER_KLM_SECTOR, TURN

B3, B5, B7, B9, OPEN90, OPEN30 = range(6)
"""Places of the windows, in the order of `trigger.grl.parameters.Window`."""


@kernel
def bin_distance(a, b):
    """Distance of two bins on the circle."""
    d = abs(a - b)
    return min(d, N_BINS - d)


@kernel
def matched_cluster(track_bin, tc, adc, rules):
    """Counts of the nearest barrel cluster of a track at the ECL, the first of equal ones; -1 = none is near enough."""
    best, counts = rules.match_below_bins, -1
    for j in range(len(tc)):
        if rules.cell[tc[j]].is_barrel:
            distance = bin_distance(track_bin, np.int64(rules.cell[tc[j]].azimuth_bin))
            if distance < best:
                best, counts = distance, adc[j]
    return counts


@kernel
def matched_sector(steps, fired, rules):
    """Nearest fired sector of the barrel KLM, the first of equal ones; -1 = none is near enough."""
    best, sector = rules.klm_steps, -1
    for k in range(N_KLM_SECTORS):
        if fired >> k & 1:
            away = abs(steps - k * STEPS_PER_KLM_SECTOR)
            away = min(away, TURN - away)
            if away < best:
                best, sector = away, k
    return sector


@kernel
def cluster_maps(tc, rules):
    """Bins of (all, forward endcap, backward endcap, forward loose, backward loose) clusters."""
    everywhere, forward, backward = np.uint64(0), np.uint64(0), np.uint64(0)
    loose_forward, loose_backward = np.uint64(0), np.uint64(0)
    for cell in tc:
        if cell:
            bit = np.uint64(1) << np.uint64(rules.cell[cell].azimuth_bin)
            everywhere |= bit
            if rules.cell[cell].is_forward:
                forward |= bit
            if rules.cell[cell].is_backward:
                backward |= bit
            if rules.cell[cell].is_forward_loose:
                loose_forward |= bit
            if rules.cell[cell].is_backward_loose:
                loose_backward |= bit
    return everywhere, forward, backward, loose_forward, loose_backward


@kernel
def bhabha_clusters(azimuth, tc, adc, rules):
    """Bit j set where cluster j has the energy of a Bhabha cluster and the azimuth of the track."""
    found = np.uint64(0)
    for j in range(len(tc)):
        near = (azimuth - rules.cell[tc[j]].bhabha_first) % N_PHI < rules.cell[tc[j]].bhabha_count
        if tc[j] and near and adc[j] >= rules.cell[tc[j]].bhabha_adc:
            found |= np.uint64(1) << np.uint64(j)
    return found


@kernel
def hemispheres(azimuth, theta, tc, rules, out):
    """samhem and opohem of the only 3D track."""
    for cell in tc:
        if cell:
            if (azimuth - rules.cell[cell].near_first) % N_PHI >= rules.cell[cell].near_count:
                out[COLUMNS.opohem] = 1
            elif theta <= rules.cell[cell].theta_last or theta >= rules.cell[cell].theta_first:
                out[COLUMNS.samhem] = 1


@kernel
def photons(at_ecl, tc, adc, rules, out):
    """n1gev and n2gev: barrel clusters away from tracks, and every endcap cluster."""
    taken = at_ecl | turn(at_ecl, 1, N_BINS) | turn(at_ecl, -1, N_BINS)
    n_low, n_high = 0, 0
    _, photon, low, high = rules.energies
    for j in range(len(tc)):
        if tc[j]:
            bit = np.uint64(1) << np.uint64(rules.cell[tc[j]].azimuth_bin)
            if not rules.cell[tc[j]].is_barrel or (adc[j] >= photon and not taken & bit):
                n_low += adc[j] >= low
                n_high += adc[j] >= high
    one_hot(out, COLUMNS.n1gev, 4, n_low)
    one_hot(out, COLUMNS.n2gev, 4, n_high)


@kernel
def angles_with_full(full, short, inner, windows, out):
    """Opening angles of full tracks with each other, with short and with inner tracks."""
    if not full:
        return
    away = apart(full, windows[OPEN90])
    out[COLUMNS.cdc_open90], out[COLUMNS.s2fo], out[COLUMNS.i2fo] = (full & away) != 0, (short & away) != 0, (inner & away) != 0
    away = apart(full, windows[OPEN30])
    out[COLUMNS.f2f30], out[COLUMNS.s2f30] = (full & away) != 0, (short & away) != 0
    away = apart(full, windows[B3])
    out[COLUMNS.cdc_b2b3], out[COLUMNS.s2f3] = (full & away) != 0, (short & away) != 0
    away = apart(full, windows[B5])
    out[COLUMNS.cdc_b2b5], out[COLUMNS.s2f5] = (full & away) != 0, (short & away) != 0
    out[COLUMNS.cdc_b2b7] = (full & apart(full, windows[B7])) != 0
    out[COLUMNS.cdc_b2b9] = (full & apart(full, windows[B9])) != 0


@kernel
def angles_of_sector_tracks(short, inner, windows, out):
    """Opening angles of short tracks with each other, and of inner tracks."""
    if short:
        out[COLUMNS.s2s3] = (short & apart(short, windows[B3])) != 0
        out[COLUMNS.s2s5] = (short & apart(short, windows[B5])) != 0
        out[COLUMNS.s2so] = (short & apart(short, windows[OPEN90])) != 0
        out[COLUMNS.s2s30] = (short & apart(short, windows[OPEN30])) != 0
    if inner:
        out[COLUMNS.i2io] = (inner & apart(inner, windows[OPEN90])) != 0
        out[COLUMNS.itsfb2b] = (inner & apart(inner, windows[B5])) != 0


@kernel
def angles_with_clusters(clusters, at_ecl, windows, out):
    """Opening angles of clusters with each other and with full tracks at the ECL."""
    if not clusters:
        return
    away = apart(clusters, windows[B3])
    out[COLUMNS.d3], out[COLUMNS.p3] = (clusters & away) != 0, (at_ecl & away) != 0
    away = apart(clusters, windows[B5])
    out[COLUMNS.d5], out[COLUMNS.p5] = (clusters & away) != 0, (at_ecl & away) != 0
    away = apart(clusters, windows[B7])
    out[COLUMNS.d7], out[COLUMNS.p7] = (clusters & away) != 0, (at_ecl & away) != 0
    out[COLUMNS.p9] = (at_ecl & apart(clusters, windows[B9])) != 0


@kernel
def endcap_clusters(pointing, inner, maps, rules, out):
    """secl and iecl; pointing: bins that short tracks point to, forward and backward."""
    _, forward, backward, _, _ = maps
    out[COLUMNS.secl] = (pointing[0] & forward) != 0 or (pointing[1] & backward) != 0
    wide = inner
    for distance in range(1, IECL_BINS + 1):
        wide |= turn(inner, distance, N_BINS) | turn(inner, -distance, N_BINS)
    one_hot(out, COLUMNS.iecl, 2, ones(wide & (forward | backward)))


@kernel
def endcap_klm(pointing, inner, maps, klm_forward, klm_backward, rules, out):
    """seklm, ecleklm, ieklm; the KLM as quadrants."""
    if not (klm_forward or klm_backward):
        return
    _, _, _, loose_forward, loose_backward = maps
    quadrants = rules.quadrant_bins
    n_short = ones(to_groups(pointing[0], quadrants) & klm_forward) + ones(to_groups(pointing[1], quadrants) & klm_backward)
    out[COLUMNS.seklm_0], out[COLUMNS.seklm_1] = n_short == 1, n_short > 1
    forward, backward = to_groups(loose_forward, quadrants) & klm_forward, to_groups(loose_backward, quadrants) & klm_backward
    out[COLUMNS.ecleklm] = (forward | backward) != 0
    out[COLUMNS.ieklm] = (to_groups(inner, quadrants) & (klm_forward | klm_backward)) != 0
