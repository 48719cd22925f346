"""Claims about the momentum of neuro tracks and the single-track decision.

Written from the conditions of basf2 trg/grl TRGGRLProjectsModule.cc (read in public source) with the cuts as they are, in cm, GeV
and radian, and floats: no step of curvature or angle lies closer than 1e-9 to a raw value.
"""

from dataclasses import replace
from functools import partial
from itertools import groupby, product
from math import radians, sin

from amaranth.hdl import Assert, Assume, Module, Mux, Shape, Signal, Value

from hdl.cdc.single_track import SingleTrackTrigger
from hdl.proofs.bench import Bench, Claim, equal_when, past
from hdl.proofs.proof import Proof
from hdl.proofs.track_counts import ONE, closer
from trigger.cdc import single_track
from trigger.cdc.hough.plane import N_QUADRANTS, HoughPlane
from trigger.cdc.single_track import SingleTrackCuts

STEPS = 17
"""Steps of a right angle and 0."""
LIGHT = 0.299792458
"""GeV per tesla and metre."""


def theta_step(theta: int, cuts: SingleTrackCuts) -> int:
    """Step of a network output's polar angle, of its supplement beyond 90 degrees."""
    low, high = map(float, cuts.theta_range_deg)
    angle = low + (high - low) * (theta + ONE) / (2 * ONE)
    return int(radians(min(angle, 180 - angle)) / float(cuts.theta_step_rad))


def momentum(omega: int, step: int, cuts: SingleTrackCuts, plane: HoughPlane) -> int:
    """Momentum in 0.1 GeV, cut off, of a curvature in half cells and a step of the angle; 0 where there is none."""
    per_m = omega * LIGHT * float(cuts.field_t) / plane.pt_min_gev / plane.n_omega
    curvature = int(per_m / float(cuts.omega_step_per_m)) * float(cuts.omega_step_per_m)
    if step == 0 or curvature == 0:
        return 0
    return int(10 * float(cuts.gev_per_t_m * cuts.field_t) / curvature / sin(step * float(cuts.theta_step_rad)))


def steps_claim(cuts: SingleTrackCuts, plane: HoughPlane) -> Claim:
    """Step of the angle and curvature of every track, one cycle later."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, SingleTrackTrigger)
        for k, track in enumerate(dut.in_tracks):
            m.d.comb += Assume((abs(track.theta) <= ONE) & (abs(track.omega) < plane.n_omega))
            step: Value = Signal(range(STEPS), name=f"own_step_{k}")
            for number, run in groupby(range(-ONE, ONE + 1), lambda theta: theta_step(theta, cuts)):
                angles = list(run)
                with m.If((track.theta >= angles[0]) & (track.theta <= angles[-1])):
                    m.d.comb += step.eq(number)
            m.d.comb += [
                Assert(bench.probes[f"step_{k}"] == past(m, step, 1)),
                Assert(bench.probes[f"omega_{k}"] == past(m, abs(track.omega), 1)),
            ]

    return claim


def momentum_claim(cuts: SingleTrackCuts, plane: HoughPlane, quadrant: int) -> Claim:
    """Momentum and single-track decision of a quadrant's track, from the step and curvature that are held a cycle before.

    One quadrant at a time, one row of the table after the other: z3 does not finish with all of them together.
    """

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, SingleTrackTrigger)
        late, width = SingleTrackTrigger.LATENCY, len(dut.out_p) // N_QUADRANTS
        track, p, stt = dut.in_tracks[quadrant], dut.out_p.word_select(quadrant, width), dut.out_stt[quadrant]
        step, omega = (bench.probes[f"{name}_{quadrant}"] for name in ("step", "omega"))
        m.d.comb += Assume((step < STEPS) & (omega < plane.n_omega))
        valid, is_there = past(m, dut.in_valid, late), past(m, track.is_there, late)
        near = past(m, track.is_there & track.answered & closer(track.z, cuts.z_stt_cm, cuts.z_range_cm[1]), late)
        held_step, held_omega = past(m, step, 1), past(m, omega, 1)
        for row, column in product(range(plane.n_omega), range(STEPS)):
            at, value = valid & (held_omega == row) & (held_step == column), momentum(row, column, cuts, plane)
            equal_when(m, at, p, Mux(is_there, value, 0))
            equal_when(m, at, stt, near & (value > cuts.p_above_raw))

    return claim


def watched(cuts: SingleTrackCuts, claim: Claim, *, has_table: bool = False) -> Bench:
    """The single-track trigger with these cuts, steps and curvatures watched."""
    trigger = single_track.SingleTrackTrigger(cuts=cuts)
    probes: dict[str, Shape] = {}
    for k in range(N_QUADRANTS):
        probes |= {f"step_{k}": Shape.cast(range(STEPS)), f"omega_{k}": Shape.cast(range(trigger.plane.n_omega))}
    return Bench(SingleTrackTrigger(trigger), claim, probes, has_table=has_table)


def proofs() -> list[Proof]:
    """Proofs of both stages; the broken components have a cut changed by a step."""
    cuts, plane = SingleTrackCuts(), HoughPlane()
    other_angle = replace(cuts, theta_range_deg=(cuts.theta_range_deg[0] + 1, cuts.theta_range_deg[1]))
    other_momentum = replace(cuts, p_above_raw=cuts.p_above_raw + 1)
    stepped = steps_claim(cuts, plane)
    decided = {f"tracks.momentum_{k}": momentum_claim(cuts, plane, k) for k in range(N_QUADRANTS)}
    return [
        Proof(
            name="tracks.theta_steps",
            says="the step of the polar angle of every track is that of its angle in radian, its curvature is without sign, for "
            "all answers of a network, one cycle later",
            bench=lambda: watched(cuts, stepped),
            broken=lambda: watched(other_angle, stepped),
            depth=2,
        ),
        *(
            Proof(
                name=name,
                says="momentum in 0.1 GeV and single-track decision of the quadrant's track follow, for every step of the angle "
                "and every curvature, from field, curvature and angle in GeV, and from |z| in cm; after the declared latency",
                bench=partial(watched, cuts, claim, has_table=True),
                broken=partial(watched, other_momentum, claim, has_table=True),
                depth=SingleTrackTrigger.LATENCY + 1,
                broken_depth=SingleTrackTrigger.LATENCY + 2,
            )
            for name, claim in decided.items()
        ),
    ]
