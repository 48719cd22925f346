"""Claims about what the GRL tells of an event: counts as one-hot codes, photons, hemispheres.

Written from basf2 trg/grl TRGGRLMatchModule.cc, TRGGRLProjectsModule.cc (read in public source).
"""

from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Value

from hdl.grl.conclusion import Conclusion
from hdl.proofs.bench import Bench, Claim, past
from hdl.proofs.klm import number_of_ones
from hdl.proofs.proof import Proof

BINS = 36
"""Bins of 10 degree."""


def code(number: Value, length: int, first: int) -> Value:
    """Bit k for first + k, the last bit for more."""
    return Cat(Mux(number > first + length - 1, first + length - 1, number) == first + k for k in range(length))


def encoders_claim(first: int) -> Claim:
    """Counts and flags of the event whose maps came `LATENCY` cycles before; first: the number of which bit 0 tells."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, Conclusion)
        late = Conclusion.LATENCY
        own, around = dut.collected, dut.surroundings
        n_tracks = past(m, own.n_full, late) + dut.grl_n_short
        n_bhabha, veto = number_of_ones(own.bhabha), around.flags.bhabha_veto
        is_alone = own.n_3d == 1
        photons = []
        for photon in around.photons:
            near = Cat(
                (photon.azimuth_bin == at) & (own.at_ecl[at - 1] | own.at_ecl[at] | own.at_ecl[(at + 1) % BINS])
                for at in range(BINS)
            ).any()
            m.d.comb += Assume(photon.azimuth_bin < BINS)
            photons.append(photon.always | (photon.if_free & ~near))
        low, high = (
            number_of_ones(Cat(counts & photon[name] for counts, photon in zip(photons, around.photons, strict=True)))
            for name in ("low", "high")
        )
        known = {
            "cdcecl": code(own.n_matched, 4, first),
            "c2gev": code(own.n_energetic, 4, first),
            "cdcklm": code(number_of_ones(own.klm_sectors), 2, first),
            "n1gev": code(low, 4, first),
            "n2gev": code(high, 4, first),
            "trkbha1": veto & (n_bhabha == first),
            "trkbha2": veto & (n_bhabha > first),
            "samhem": is_alone & own.samhem,
            "opohem": is_alone & own.opohem,
            "n_full": own.n_full,
            "track_overflow": around.flags.track_overflow,
        }
        wanted = {name: past(m, value, late) for name, value in known.items()}
        wanted |= {"ts": code(dut.grl_n_short, 4, first), "ta": code(n_tracks, 4, first), "track": n_tracks != 0}
        m.d.comb += [Assert(getattr(dut, f"grl_{name}") == value) for name, value in wanted.items()]

    return claim


def proofs() -> list[Proof]:
    """Proof of the codes; there is nothing to set, so that a false claim, bit 0 for none, stands for the fault."""

    def bench(first: int) -> Bench:
        return Bench(Conclusion(), encoders_claim(first))

    return [
        Proof(
            name="grl.encoders",
            says="numbers of matched tracks, energetic clusters, KLM sectors, photons, Bhabha clusters, short and all tracks are "
            "told by one bit for each and one for more, photons are those of the endcaps and those without a track in a "
            "neighbouring bin, hemispheres need one 3D track; for all maps, after the declared latency",
            bench=lambda: bench(1),
            broken=lambda: bench(0),
            depth=Conclusion.LATENCY + 1,
            broken_depth=Conclusion.LATENCY + 2,
        )
    ]
