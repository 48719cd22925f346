"""What the global reconstruction logic (GRL) answers: every field with its width, encoding, meaning and source.

Ref: basf2 trg/grl TRGGRLMatchModule.cc, TRGGRLProjectsModule.cc and trg/gdl ftd_0036 (read in public source). For every input of a
menu that the GRL drives there is a field `grl_<input>`. Where the reference simulation has an artefact (DECISIONS.md, "GRL
artefacts") the intended logic stands here; what the simulation leaves at 0 is either inferred, and says so, or not modelled.
"""

from dataclasses import dataclass

from trigger.ecl.layout import DecisionField
from trigger.menu.inputs import Encoding

MATCH = "basf2 trg/grl TRGGRLMatchModule.cc [SIM]"
PROJECTS = "basf2 trg/grl TRGGRLProjectsModule.cc [SIM]"
INFERRED = "inferred from the name and the lines of basf2 trg/gdl ftd_0036 (`unverified`)"
NAME_ONLY = "basf2 trg/gdl ftd_0036, name alone [SIM]"


@dataclass(frozen=True, kw_only=True)
class GrlField(DecisionField):
    """One field of the GRL decision. encoding: how a menu reads it; None for a number that is no menu input.

    `length` bits, lowest first, of a menu input; source: where the rule comes from.
    """

    encoding: Encoding | None
    source: str


@dataclass(frozen=True, kw_only=True)
class NotModelled:
    """A field that is always 0, and why."""

    name: str
    reason: str


def _flag(name: str, meaning: str, source: str) -> GrlField:
    encoding = Encoding.FLAG
    return GrlField(name=f"grl_{name}", length=1, width=1, signed=False, encoding=encoding, meaning=meaning, source=source)


def _one_hot(name: str, length: int, meaning: str, source: str) -> GrlField:
    encoding = Encoding.ONE_HOT
    return GrlField(name=f"grl_{name}", length=length, width=1, signed=False, encoding=encoding, meaning=meaning, source=source)


def _number(name: str, width: int, meaning: str, source: str, length: int = 1) -> GrlField:
    return GrlField(name=f"grl_{name}", length=length, width=width, signed=False, encoding=None, meaning=meaning, source=source)


DECISION_FIELDS: tuple[GrlField, ...] = (
    _one_hot("ts", 4, "1, 2, 3, or more short tracks", MATCH),
    _one_hot("ta", 4, "1, 2, 3, or more tracks, full and short together", INFERRED),
    _flag("cdc_open90", "two full tracks 90 degree apart or more", PROJECTS),
    _flag("cdc_b2b3", "two full tracks back to back, window of 3 bins", PROJECTS),
    _flag("cdc_b2b5", "two full tracks back to back, window of 5 bins", PROJECTS),
    _flag("cdc_b2b7", "two full tracks back to back, window of 7 bins", PROJECTS),
    _flag("cdc_b2b9", "two full tracks back to back, window of 9 bins", PROJECTS),
    _flag("itsfb2b", "two inner tracks back to back, window of 5 bins", INFERRED),
    _flag("ti", "at least one inner track", PROJECTS),
    _flag("i2io", "two inner tracks 90 degree apart or more", MATCH),
    _flag("i2fo", "an inner and a full track 90 degree apart or more", MATCH),
    _flag("f2f30", "two full tracks 30 degree apart or more", PROJECTS),
    _flag("s2f30", "a short and a full track 30 degree apart or more", MATCH),
    _flag("s2s30", "two short tracks 30 degree apart or more", MATCH),
    _flag("s2s3", "two short tracks back to back, window of 3 bins", MATCH),
    _flag("s2s5", "two short tracks back to back, window of 5 bins", MATCH),
    _flag("s2so", "two short tracks 90 degree apart or more", MATCH),
    _flag("s2f3", "a short and a full track back to back, window of 3 bins", MATCH),
    _flag("s2f5", "a short and a full track back to back, window of 5 bins", MATCH),
    _flag("s2fo", "a short and a full track 90 degree apart or more", MATCH),
    _flag("fwd_s", "a short track points to the forward endcap", MATCH),
    _flag("bwd_s", "a short track points to the backward endcap", MATCH),
    _flag("track", "a full or a short track", INFERRED),
    _flag("trkflt", "not modelled", NAME_ONLY),
    _flag("secl", "a short track points to an endcap cluster", MATCH),
    _one_hot("iecl", 2, "1, or more bins with an endcap cluster and an inner track near it", f"{MATCH}; encoding {INFERRED}"),
    _flag("samhem", "one 3D track; a cluster in its hemisphere that does not belong to it", PROJECTS),
    _flag("opohem", "one 3D track; a cluster in the other hemisphere", PROJECTS),
    _flag("d3", "two clusters back to back, window of 3 bins", PROJECTS),
    _flag("d5", "two clusters back to back, window of 5 bins", PROJECTS),
    _flag("d7", "two clusters back to back, window of 7 bins", PROJECTS),
    _flag("p3", "a full track at the ECL and a cluster back to back, window of 3 bins", PROJECTS),
    _flag("p5", "a full track at the ECL and a cluster back to back, window of 5 bins", PROJECTS),
    _flag("p7", "a full track at the ECL and a cluster back to back, window of 7 bins", PROJECTS),
    _flag("p9", "a full track at the ECL and a cluster back to back, window of 9 bins", PROJECTS),
    _one_hot("cdcecl", 4, "1, 2, 3, or more full tracks with a barrel cluster", MATCH),
    _one_hot("c2gev", 4, "1, 2, 3, or more full tracks whose barrel cluster has 2 GeV", PROJECTS),
    _one_hot("cdctop", 4, "not modelled", NAME_ONLY),
    _one_hot("cdcklm", 2, "1, or more barrel KLM sectors with a full track", MATCH),
    _flag("seklm_0", "one endcap KLM quadrant with a short track that points to it", f"{MATCH}; encoding {INFERRED}"),
    _flag("seklm_1", "more than one such quadrant", f"{MATCH}; encoding {INFERRED}"),
    _flag("ecleklm", "an endcap cluster and an endcap KLM sector in the same quadrant", MATCH),
    _flag("ieklm", "an inner track and an endcap KLM sector in the same quadrant", MATCH),
    _flag("fwdsb", "not modelled", NAME_ONLY),
    _flag("bwdsb", "not modelled", NAME_ONLY),
    _flag("fwdnb", "not modelled", NAME_ONLY),
    _flag("bwdnb", "not modelled", NAME_ONLY),
    _flag("brlfb1", "not modelled", NAME_ONLY),
    _flag("brlfb2", "not modelled", NAME_ONLY),
    _flag("brlnb1", "not modelled", NAME_ONLY),
    _flag("brlnb2", "not modelled", NAME_ONLY),
    _flag("trkbha1", "3D Bhabha veto of the ECL, one of its clusters with a 3D track", INFERRED),
    _flag("trkbha2", "3D Bhabha veto of the ECL, two of its clusters with a 3D track", INFERRED),
    _flag("grlgg1", "not modelled", NAME_ONLY),
    _flag("grlgg2", "not modelled", NAME_ONLY),
    _one_hot("n1gev", 4, "1, 2, 3, or more photons above 1 GeV (input of older menus)", PROJECTS),
    _one_hot("n2gev", 4, "1, 2, 3, or more photons above 2 GeV (input of older menus)", PROJECTS),
    _number("n_full", 5, "full tracks that were sent", "2D finder, six per quadrant in a data clock [SIM]"),
    _number("track_overflow", 1, "a quadrant has more tracks than it sends in a data clock", "our choice"),
    _number("n_short", 6, "short tracks", MATCH),
    _number("n_inner", 7, "sectors with an inner track", MATCH),
    _number("short_map", 32, "sectors 0..63 in which a short track starts, sector 0 lowest", MATCH, 2),
    _number("inner_map", 32, "sectors 0..63 with an inner track, sector 0 lowest", MATCH, 2),
)

_BHABHA_CATEGORY = "named after Bhabha and gamma gamma clusters with and without tracks; energies and matching are not public"

NOT_MODELLED: tuple[NotModelled, ...] = (
    NotModelled(name="grl_trkflt", reason="its difference from `track` is not public, no line of the menu reads it"),
    NotModelled(name="grl_cdctop", reason="needs the TOP trigger, which is not modelled"),
    *(
        NotModelled(name=f"grl_{name}", reason=_BHABHA_CATEGORY)
        for name in ("fwdsb", "bwdsb", "fwdnb", "bwdnb", "brlfb1", "brlfb2", "brlnb1", "brlnb2", "grlgg1", "grlgg2")
    ),
)
"""Fields that are always 0, as they are in the simulation."""
