"""What the ECL trigger answers: every decision field with its width, and the 96-bit word to the GDL.

Ref: basf2 trg/ecl TrgEclMaster.cc (makeTriggerBit) and the raw-data unpacker (read in public source); where the simulation has an
artefact (DECISIONS.md, "ECL artefacts") the intended layout stands here.
"""

import enum
from dataclasses import dataclass

import numpy as np

from trigger.ecl.thresholds import MAX_CLUSTERS, N_BHABHA2D, N_HIE, N_LML

WORD_BITS = 96


@dataclass(frozen=True, kw_only=True)
class DecisionField:
    """One field of the ECL decision: `length` elements (1: a plain number per event) of `width` bits."""

    name: str
    length: int
    width: int
    signed: bool
    meaning: str

    def __post_init__(self) -> None:
        if not 1 <= self.width <= 32 or self.length < 1:
            msg = f"{self.name}: width must be 1..32 and length positive, not {self.width} and {self.length}"
            raise ValueError(msg)

    @property
    def dtype(self) -> np.dtype:
        """Smallest numpy integer type that holds the field."""
        for bits in (8, 16, 32):
            if self.width <= bits:
                return np.dtype(f"{'int' if self.signed else 'uint'}{bits}")
        msg = f"{self.name}: no integer type for {self.width} bits"
        raise AssertionError(msg)

    def shape(self, n_events: int) -> tuple[int, ...]:
        """Shape of the field's array for `n_events` events."""
        return (n_events,) if self.length == 1 else (n_events, self.length)


def _field(name: str, width: int, meaning: str, length: int = 1, signed: bool = False) -> DecisionField:
    return DecisionField(name=f"ecl_{name}", length=length, width=width, signed=signed, meaning=meaning)


DECISION_FIELDS: tuple[DecisionField, ...] = (
    _field("n_clusters", 3, "stored clusters"),
    _field("overflow", 1, "more clusters were found than are stored"),
    _field("cluster_tc", 10, "centre cell, 0 = empty", MAX_CLUSTERS),
    _field("cluster_adc", 16, "energy in counts", MAX_CLUSTERS),
    _field("cluster_ntc", 4, "member cells with a hit", MAX_CLUSTERS),
    _field("cluster_time", 16, "time of the centre cell, raw, relative to the nominal event time", MAX_CLUSTERS, True),
    _field("icn", 8, "isolated clusters, theta ids 2..15"),
    _field("icn_fw", 8, "isolated clusters, theta ids 2 and 3"),
    _field("icn_br", 8, "isolated clusters, barrel"),
    _field("icn_bw", 8, "isolated clusters, theta ids 16 and 17"),
    _field("ephys_adc", 22, "sum of theta ids 2..15, counts"),
    _field("etotal_adc", 22, "sum of all cells, counts"),
    _field("elow", 1, "E_phys above lowe"),
    _field("ehigh", 1, "E_phys above hie"),
    _field("elum", 1, "E_phys above lume"),
    _field("burst", 1, "E_total above e_burst"),
    _field("physics", 1, "E_phys above 1 GeV or more than three isolated clusters, and no 2D Bhabha"),
    _field("bhabha2d_type", 1, "the 14 combinations of ring sums", N_BHABHA2D),
    _field("bhabha2d", 1, "any type, and fewer than four isolated clusters"),
    _field("bhabha3d_veto", 1, "3D Bhabha, veto windows"),
    _field("bhabha3d_sel", 1, "3D Bhabha, selection windows"),
    _field("mumu", 1, "back-to-back pair with both clusters below mumu_e"),
    _field("taub2b", 1, "tau pair topology 1"),
    _field("taub2b2", 1, "tau pair topology 2"),
    _field("taub2b3", 1, "tau pair topology 3"),
    _field("hie", 1, "hie1..hie4", N_HIE),
    _field("lml", 1, "lml0..lml13", N_LML),
    _field("bhabha3d_intrack", 1, "a centre of the veto pair lies inside the track acceptance"),
    _field("bhabha3d_theta", 2, "smallest theta id of the selection pair, coded 0..3"),
    _field("bgveto", 3, "background veto bits 0..2"),
    _field("timing", 16, "time of the most energetic cell, raw, relative to the nominal event time", signed=True),
    _field("timing_source", 3, "region of that cell, one-hot: 1 FWD, 2 BRL, 4 BWD"),
    _field("timing_quality", 2, "0 no hit, 1 coarse, 2 fine, 3 super"),
    _field("word", 32, "96-bit word to the GDL, bit 0 first", 3),
)


class Packing(enum.Enum):
    """How a value enters a field of the word that is narrower than the value."""

    MASK = "low bits"
    SATURATE = "largest value that fits"
    ZERO = "not driven, 0"


@dataclass(frozen=True, kw_only=True)
class WordField:
    """Bits `low` .. `low + width - 1` of the word.

    `source` is a decision field, or "hit" (1 if the window holds any hit), or "" for bits that are 0. `element` is the index in
    the source; None packs all its elements, element 0 in the lowest bit.
    """

    name: str
    low: int
    width: int
    source: str
    element: int | None = None
    packing: Packing = Packing.MASK


def _word_fields() -> tuple[WordField, ...]:
    fields = [
        WordField(name="hit", low=0, width=1, source="hit"),
        WordField(name="timing", low=1, width=7, source="ecl_timing"),
        WordField(name="revolution", low=8, width=7, source="", packing=Packing.ZERO),
        WordField(name="timing_source", low=15, width=3, source="ecl_timing_source"),
        WordField(name="physics", low=18, width=1, source="ecl_physics"),
        WordField(name="bhabha2d", low=19, width=1, source="ecl_bhabha2d"),
        WordField(name="bhabha2d_type", low=20, width=N_BHABHA2D, source="ecl_bhabha2d_type"),
        WordField(name="ephys", low=34, width=13, source="ecl_ephys_adc", packing=Packing.SATURATE),
        WordField(name="elow", low=47, width=1, source="ecl_elow"),
        WordField(name="ehigh", low=48, width=1, source="ecl_ehigh"),
        WordField(name="elum", low=49, width=1, source="ecl_elum"),
        WordField(name="icn", low=50, width=7, source="ecl_icn"),
        WordField(name="bgveto", low=57, width=3, source="ecl_bgveto"),
        WordField(name="overflow", low=60, width=1, source="ecl_overflow"),
        WordField(name="bhabha3d_veto", low=61, width=1, source="ecl_bhabha3d_veto"),
        *(WordField(name=f"lml{k}", low=62 + k, width=1, source="ecl_lml", element=k) for k in range(12)),
        WordField(name="bhabha3d_sel", low=74, width=1, source="ecl_bhabha3d_sel"),
        WordField(name="mumu", low=75, width=1, source="ecl_mumu"),
        WordField(name="bhabha_prescale", low=76, width=1, source="hit"),
        WordField(name="burst", low=77, width=1, source="ecl_burst"),
        WordField(name="lml12", low=78, width=1, source="ecl_lml", element=12),
        WordField(name="lml13", low=79, width=1, source="ecl_lml", element=13),
        WordField(name="clock", low=80, width=4, source="", packing=Packing.ZERO),
        WordField(name="timing_quality", low=84, width=2, source="ecl_timing_quality"),
        WordField(name="bhabha3d_intrack", low=86, width=1, source="ecl_bhabha3d_intrack"),
        WordField(name="bhabha3d_theta", low=87, width=2, source="ecl_bhabha3d_theta"),
        WordField(name="taub2b", low=89, width=1, source="ecl_taub2b"),
        *(WordField(name=f"hie{k + 1}", low=90 + k, width=1, source="ecl_hie", element=k) for k in range(3)),
        WordField(name="taub2b2", low=93, width=1, source="ecl_taub2b2"),
        WordField(name="taub2b3", low=94, width=1, source="ecl_taub2b3"),
        WordField(name="hie4", low=95, width=1, source="ecl_hie", element=3),
    ]
    return tuple(fields)


WORD_FIELDS: tuple[WordField, ...] = _word_fields()
