"""Claims about the ECL decision: energy cuts, pair angles, 2D Bhabha, tau, hie and low-multiplicity bits.

Written from the conditions of basf2 trg/ecl TrgEclMaster.cc and TrgEclBhabha.cc (read in public source) with the ETM parameters as
they are, in GeV and degrees: an energy of n counts is above X if n times the LSB is. The integer thresholds of
the model and the RTL are not used.
"""

import math
from collections.abc import Callable
from fractions import Fraction

from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Value
from amaranth.lib import wiring

from hdl.ecl.bhabha2d import Bhabha2d
from hdl.ecl.cluster_cuts import ClusterCuts
from hdl.ecl.low_multiplicity import LowMultiplicity
from hdl.ecl.pair import Pair
from hdl.ecl.sums import Sums
from hdl.ecl.tau import Tau
from hdl.proofs.bench import Bench, Claim, equal_when, past
from hdl.proofs.ecl_tables import BHABHA2D_RINGS, THETA_IDS
from hdl.proofs.proof import Proof
from trigger.ecl import EclParameters, EclThresholds
from trigger.ecl.parameters import ADC_LSB_GEV

TURN = 360
PHYSICS_GEV = Fraction(10005, 10000)
LARGEST_RING = 36 * 4095
"""Cells of the longest rings, 12 bits each."""


def above(counts: Value, energy_gev: Fraction, factor: Value | None = None) -> Value:
    """Whether an energy is above X, or above X e / 10 with a factor e."""
    return _for_each(energy_gev, factor, lambda limit: counts > math.floor(limit))


def below(counts: Value, energy_gev: Fraction, factor: Value | None = None) -> Value:
    """Whether an energy is below X, or below X e / 10 with a factor e."""
    return _for_each(energy_gev, factor, lambda limit: counts < math.ceil(limit))


def at_least(counts: Value, energy_gev: Fraction) -> Value:
    """Whether an energy is X or more."""
    return counts >= math.ceil(energy_gev / ADC_LSB_GEV)


def _for_each(energy_gev: Fraction, factor: Value | None, passes: Callable[[Fraction], Value]) -> Value:
    """Whether the energy passes the limit in counts, which the factor's value chooses."""
    limit = energy_gev / ADC_LSB_GEV
    if factor is None:
        return passes(limit)
    return Cat((factor == e) & passes(limit * e / 10) for e in range(1 << len(factor))).any()


def cuts_claim(p: EclParameters) -> Claim:
    """Every cut on one cluster."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, ClusterCuts)
        valid, adc = past(m, dut.cluster.valid, 1), past(m, dut.cluster.adc, 1)
        theta, e = past(m, dut.cluster.centre.theta_id, 1), past(m, dut.cluster.centre.cm_e, 1)

        def among(name: str) -> Value:
            first, last = THETA_IDS[name]
            return (theta >= first) & (theta <= last)

        endcap = (theta <= 3) | (theta >= 16)
        forward_or_backward = (theta == 2) | (theta == 3) | (theta == 15) | (theta == 16)
        mask = int(p["lml13_theta_id"])
        two, one = above(adc, p["lml_cl_e_cms_1"], e), above(adc, p["lml_cl_e_cms_2"], e)
        expected = {
            "n300": above(adc, p["lml_cl_e_lab_2"]),
            "n500_216": above(adc, p["lml_cl_e_lab_1"]) & among("lml12"),
            "n216": among("lml12"),
            "n2": two,
            "n2a": two & among("lml1"),
            "n2b": two & forward_or_backward,
            "n2c": two & ((theta == 1) | (theta == 17)),
            "n1a": one & among("lml6"),
            "n1b": one & ((theta == 2) | (theta == 3) | (theta == 16)),
            "n05": above(adc, p["lml_cl_e_cms_3"], e) & Cat(theta == k + 1 for k in range(17) if mask >> k & 1).any(),
            "pair_above": above(adc, p["lml_cl_e_lab_3"]),
            "pair_below": below(adc, p["lml_cl_e_lab_3"]),
            "veto_low": above(adc, p["bha3dveto_e_l"], e),
            "veto_high": above(adc, p["bha3dveto_e_h"], e),
            "sel_low": above(adc, p["bha3dsel_e_l"], e),
            "sel_high": above(adc, p["bha3dsel_e_h"], e),
            "mumu": below(adc, p["mumu_e"], e),
            "taub2b": below(adc, p["taub2b_cl_e"]),
            "taub2b2": above(adc, p["taub2b2_cl_e_all"]),
            "taub2b2_endcap": above(adc, p["taub2b2_cl_e_endcap"]) & endcap,
            "taub2b3_pair": above(adc, p["taub2b3_cl_e_b2b"]),
            "taub2b3_theta": among("taub2b3"),
            "taub2b3_outside": ~above(adc, p["taub2b3_cl_e_all_l"]) | above(adc, p["taub2b3_cl_e_all_h"]),
            "endcap": endcap,
            "single_veto": theta <= 3,
            "hie4": above(adc, p["hie4_cl_e"]),
            "in_track": among("intrack"),
        }
        m.d.comb += Assume((dut.cluster.centre.theta_id >= 1) & (dut.cluster.centre.theta_id <= 17))
        m.d.comb += Assert(dut.cut.valid == valid)
        for name, passes in expected.items():
            m.d.comb += Assert(dut.cut[name] == (valid & passes))

    return claim


def pair_claim(p: EclParameters) -> Claim:
    """Every condition on a pair whose clusters passed their own cuts, angles in whole degrees."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, Pair)
        valid = past(m, dut.valid, Pair.LATENCY)
        a, b = ({name: past(m, side[name], Pair.LATENCY) for name in SIDE} for side in (dut.first, dut.second))
        m.d.comb += [Assume(side.cm_phi < TURN) for side in (dut.first, dut.second)]
        difference, total = abs(a["cm_phi"] - b["cm_phi"]), a["cm_theta"] + b["cm_theta"]
        wrapped = Mux(2 * difference > TURN, TURN - difference, difference)

        def phi(name: str) -> Value:
            return _strictly(difference, p[f"{name}_phi_d_l"], p[f"{name}_phi_d_h"])

        def theta(name: str) -> Value:
            return _strictly(total, p[f"{name}_theta_s_l"], p[f"{name}_theta_s_h"])

        def both(cut: str) -> Value:
            return a[cut] & b[cut]

        def one(cut: str) -> Value:
            return a[cut] | b[cut]

        expected = {
            "bhabha3d_veto": both("veto_low") & one("veto_high") & phi("bha3dveto") & theta("bha3dveto"),
            "bhabha3d_sel": both("sel_low") & one("sel_high") & phi("bha3dsel") & theta("bha3dsel"),
            "mumu": both("mumu") & phi("mumu") & theta("mumu"),
            "taub2b": one("taub2b") & phi("taub2b") & theta("taub2b"),
            "taub2b2": both("taub2b2") & phi("taub2b2") & theta("taub2b2"),
            "taub2b3": both("taub2b3_theta") & one("taub2b3_pair") & phi("taub2b3") & theta("taub2b3"),
            "lml8": (wrapped > 170) & both("pair_above"),
            "lml9": (wrapped > 170) & ((a["pair_above"] & b["pair_below"]) | (a["pair_below"] & b["pair_above"])),
            "lml10": (wrapped > 160) & (total > 160) & (total < 200),
            "hie_phi": phi("hie12"),
            "hie_theta": theta("hie12"),
        }
        for name, passes in expected.items():
            m.d.comb += Assert(dut.passed[name] == (valid & passes))

    return claim


SIDE = (
    *("cm_phi", "cm_theta", "veto_low", "veto_high", "sel_low", "sel_high", "mumu", "taub2b", "taub2b2", "taub2b3_theta"),
    *("taub2b3_pair", "pair_above", "pair_below"),
)
"""What a pair reads of each cluster."""


def _strictly(angle: Value, low: Fraction, high: Fraction) -> Value:
    return (angle * low.denominator > low.numerator) & (angle * high.denominator < high.numerator)


def lml_claim(p: EclParameters) -> Claim:
    """lml0 to lml13 from the counts and pairs of a window."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, LowMultiplicity)
        n, pair = dut.counts, dut.any_pair
        veto = pair.bhabha3d_veto == 1
        no_two_gev = n.n2 == 0
        expected = (
            (n.n_clusters >= 3) & (n.n300 >= int(p["lml00_ncl"])) & ~veto,
            n.n2a != 0,
            (n.n2b != 0) & ~veto,
            (n.n2b != 0) & veto,
            (n.n2c != 0) & ~veto,
            (n.n2c != 0) & veto,
            (n.n1a == 1) & (n.n300 == 1),
            (n.n1b == 1) & (n.n300 == 1),
            pair.lml8 & no_two_gev,
            pair.lml9 & no_two_gev,
            pair.lml10 & no_two_gev,
            no_two_gev,
            (n.n216 >= 3) & (n.n500_216 >= int(p["lml12_ncl"])) & ~veto,
            (n.n05 == 1) & (n.n300 == 1),
        )
        for k, fires in enumerate(expected):
            m.d.comb += Assert(dut.lml[k] == fires)

    return claim


def tau_claim(p: EclParameters) -> Claim:
    """The three tau bits from the total energy, counts and pairs of a window."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, Tau)
        n, pair = dut.counts, dut.any_pair
        expected = {
            "taub2b": pair.taub2b,
            "taub2b2": pair.taub2b2 & (n.n_taub2b2_endcap < 2),
            "taub2b3": pair.taub2b3 & (n.n_taub2b3_outside == 0),
        }
        for name, passes in expected.items():
            m.d.comb += Assert(getattr(dut, name) == (passes & below(dut.etotal, p[f"{name}_tot_e"])))

    return claim


def bhabha2d_claim(p: EclParameters) -> Claim:
    """The 14 types from the ring sums that came with the start."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, Bhabha2d)
        start, rings = past(m, dut.start, Bhabha2d.LATENCY), past(m, dut.rings.as_value(), Bhabha2d.LATENCY)
        width = len(dut.rings.as_value()) // 17
        for k, sides in enumerate(BHABHA2D_RINGS):
            passes = [
                at_least(sum(rings.word_select(ring - 1, width) for ring in side), p[f"bha2d_{end}{k + 1:02d}"])
                for side, end in zip(sides, ("fw", "bw"), strict=True)
            ]
            equal_when(m, start, dut.types[k], passes[0] & passes[1])

    return claim


def sums_claim(p: EclParameters) -> Claim:
    """Energy sums and their bits from the ring sums that came with the start; starts are at least `Sums.LATENCY` cycles apart.

    The sums are bracketed as the adders are: another order is the same number, but hard to compare for a solver.
    """

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, Sums)
        start, rings = past(m, dut.start, Sums.LATENCY), past(m, dut.rings.as_value(), Sums.LATENCY)
        m.d.comb += [Assume(~(dut.start & past(m, dut.start, gap))) for gap in range(1, Sums.LATENCY)]
        width = len(dut.rings.as_value()) // 17
        m.d.comb += [Assume(ring <= LARGEST_RING) for ring in dut.rings]
        energies = [rings.word_select(k, width) for k in range(17)]
        fours = [(a + b) + (c + d) for a, b, c, d in (energies[1:5], energies[5:9], energies[9:13])]
        fours.append(energies[13] + energies[14])
        outer = (energies[0] + energies[15]) + energies[16]
        equal_when(m, start, dut.ephys, (fours[0] + fours[1]) + (fours[2] + fours[3]))
        equal_when(m, start, dut.etotal, ((fours[0] + fours[1]) + fours[2]) + (fours[3] + outer))
        for port, key in ((dut.elow, "lowe"), (dut.ehigh, "hie"), (dut.elum, "lume")):
            equal_when(m, start, port, above(dut.ephys, p[key]))
        equal_when(m, start, dut.burst, above(dut.etotal, p["e_burst"]))
        equal_when(m, start, dut.energetic, at_least(dut.ephys, PHYSICS_GEV))

    return claim


def proofs() -> list[Proof]:
    """Proofs of the block; each broken component has one parameter changed by a step."""
    right = EclParameters.default()

    def make(
        name: str, says: str, build: Callable[[EclThresholds], wiring.Component], claim: Claim, changed: dict[str, str], depth: int
    ) -> Proof:
        def bench(parameters: EclParameters) -> Bench:
            return Bench(build(EclThresholds.from_parameters(parameters)), claim)

        wrong = EclParameters.from_mapping(changed)
        return Proof(name=f"ecl.{name}", says=says, bench=lambda: bench(right), broken=lambda: bench(wrong), depth=depth)

    return [
        make(
            "low_multiplicity", "lml0 to lml13 are their conditions on the counts and pairs of a window, for all of them",
            LowMultiplicity, lml_claim(right), {"lml12_ncl": "2"}, 2,
        ),
        make(
            "tau", "the three tau bits are their conditions on total energy, counts and pairs, for all of them",
            Tau, tau_claim(right), {"taub2b3_tot_e": "7.01"}, 2,
        ),
        make(
            "bhabha2d", "the 14 types of the 2D Bhabha are both sums of their rings at or above the energies in GeV, for all ring "
            "sums, after the declared latency",
            Bhabha2d, bhabha2d_claim(right), {"bha2d_bw14": "3.01"}, Bhabha2d.LATENCY + 2,
        ),
        make(
            "sums", "E_total and E_phys are the sums of their rings, their bits the comparisons in GeV, for all ring sums, after "
            "the declared latency",
            Sums, sums_claim(right), {"lume": "3.01"}, Sums.LATENCY + 2,
        ),
        make(
            "cluster_cuts", "every cut of a cluster is its condition in GeV, laboratory or CM, and theta id, for all energies, "
            "theta ids and factors; a place without a cluster passes none",
            lambda t: ClusterCuts(t, None), cuts_claim(right), {"lml_cl_e_cms_2": "1.01"}, ClusterCuts.LATENCY + 2,
        ),
        make(
            "pair", "every condition of a pair is that of its clusters' cuts and of its angles, for all angles in whole degrees, "
            "after the declared latency; no pair is lost or invented",
            Pair, pair_claim(right), {"bha3dveto_theta_s_h": "191"}, Pair.LATENCY + 2,
        ),
    ]  # fmt: skip
