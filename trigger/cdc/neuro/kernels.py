"""Compiled loop of the neuro trigger's input stage: event time, pattern, expert, chosen segments, 27 inputs.

Ref: basf2 trg/cdc NeuroTrigger.cc, CDCTriggerNeuroModule.cc (read in public source) [SIM].
"""

import numpy as np

from trigger.compiled import kernel

NO_TIME = 9999
"""A fastest time must lie below this number of time units to count. Source: NeuroTrigger.cc [SIM]."""


@kernel
def relative_id(place, reference, modulus):
    """Raw relative id, wrapped to half a turn both ways."""
    return (place - reference + modulus // 2) % modulus - modulus // 2


@kernel
def event_time(rule, given, fastest):
    """(time, has time) of a track from the rule's flags (use given, fastest, earlier, axial, zero); NO_TIME = none."""
    use_given, use_fastest, earlier, _, zero = rule
    time = given if use_given else NO_TIME
    if use_fastest and (time == NO_TIME or (earlier and fastest < time)):
        time = fastest
    if zero and time == NO_TIME:
        time = 0
    return (0, False) if time == NO_TIME else (time, True)


@kernel
def select(
    track_event, offsets, superlayer, place, second, side, time, related_offsets, related_hit, reference, angle,
    low, high, centre, shift, modulus, time_max, time_shift, rule, given, expert_of,
    x, pattern, expert, t0, has_t0, hit,
):  # fmt: skip
    """Fill the outputs (last line of arguments) of every track.

    place: raw position of the priority wire in its superlayer; second: 1 for the second-priority radius; side: +1 left, -1
    right, 0 unknown; related_*: CSR of indices, in the event, of the segments that belong to each track; given: event time per
    event, NO_TIME = none. The superlayer that an expert does without has no relevant segment by the way experts are chosen.
    """
    for track in range(len(track_event)):
        first, last = offsets[track_event[track]], offsets[track_event[track] + 1]
        own = np.zeros(last - first, np.bool_)
        fastest = NO_TIME
        for k in range(related_offsets[track], related_offsets[track + 1]):
            i = first + related_hit[k]
            own[related_hit[k]] = True
            s = superlayer[i]
            r = relative_id(place[i], reference[track, s, second[i]], modulus[s])
            if low[s] <= r <= high[s] and not (rule[3] and s % 2):
                fastest = min(fastest, time[i])
        t0[track], has_t0[track] = event_time(rule, given[track_event[track]], fastest)
        pattern[track] = 0
        for i in range(first, last):
            s = superlayer[i]
            r = relative_id(place[i], reference[track, s, second[i]], modulus[s])
            if low[s] <= r <= high[s] and s % 2:
                pattern[track] |= 1 << s
        expert[track] = expert_of[pattern[track]]
        hit[track] = -1
        if expert[track] < 0:
            continue
        for i in range(first, last):
            s = superlayer[i]
            r = relative_id(place[i], reference[track, s, second[i]], modulus[s])
            if not (own[i - first] or s % 2) or r < low[s] or r > high[s]:
                continue
            drift = min(max(time[i] - t0[track], 0), time_max) if has_t0[track] else 0
            if hit[track, s] >= 0:
                known, best_known = side[i] != 0, side[first + hit[track, s]] != 0
                best = min(max(time[first + hit[track, s]] - t0[track], 0), time_max) if has_t0[track] else 0
                if known < best_known or (known == best_known and drift > best):
                    continue
            hit[track, s] = i - first
            x[track, 3 * s] = (r - centre[s]) << shift[s]
            x[track, 3 * s + 1] = side[i] * (drift << time_shift)
            a = angle[track, s, second[i]]
            x[track, 3 * s + 2] = (a + (a < 0)) >> 1
