"""Where the input bits of a menu come from: the one table of decision fields behind input names.

Ref: basf2 trg/grl TRGGRLProjectsModule.cc, which fills the inputs of the simulation by name (read in public source) [SIM]. Counts
go out as their lowest bits, as there. What nobody could confirm says "inferred".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from trigger.cdc.track_counts import COUNT_FIELDS
from trigger.displaced.layout import DECISION_FIELDS as DISPLACED_FIELDS
from trigger.ecl.layout import DECISION_FIELDS as ECL_FIELDS
from trigger.ecl.layout import DecisionField
from trigger.ecl.thresholds import N_BHABHA2D, N_HIE, N_LML
from trigger.errors import InputError
from trigger.grl.layout import DECISION_FIELDS as GRL_FIELDS
from trigger.grl.layout import NOT_MODELLED
from trigger.klm import DECISION_FIELDS as KLM_FIELDS
from trigger.menu.inputs import Driver, Encoding, InputDeclaration

EXTERNAL_PREFIX = "ext_"
"""Event-file fields that fill input bits which no block models."""
VETO_FIELD = f"{EXTERNAL_PREFIX}veto"
"""Event-file field of the injection veto."""


class SourceBit(NamedTuple):
    """Bit `bit` of element `element` of a decision field."""

    field: str
    element: int
    bit: int


@dataclass(frozen=True, kw_only=True)
class Wire:
    """The lowest bit of an input is bit `bit` of element `element` of a field.

    The other bits of a count follow: from the next elements of a field that has several, else from the next bits of its number.
    note: what is inferred about it.
    """

    field: str
    element: int = 0
    bit: int = 0
    note: str = ""


def _numbered(name: str, field: str, count: int, first: int = 0) -> dict[str, Wire]:
    """Inputs `name`0, `name`1, ... from the elements of a field; first: number of the first."""
    return {f"{name}{first + k}": Wire(field=field, element=k) for k in range(count)}


WIRES: Mapping[str, Wire] = {
    "t2": Wire(field="grl_t2"),
    "ty": Wire(field="grl_ty"),
    "typ": Wire(field="grl_typ"),
    "t3": Wire(field="grl_t3", note="inferred: neuro tracks stand for those of the 3D fitter"),
    "ecl_bha": Wire(field="ecl_bhabha2d"),
    "ecl_3dbha": Wire(field="ecl_bhabha3d_veto"),
    "bha_veto": Wire(field="ecl_bhabha3d_veto"),
    "bha_intrk": Wire(field="ecl_bhabha3d_intrack"),
    "bha_theta": Wire(field="ecl_bhabha3d_theta"),
    "ecl_bhapur": Wire(field="ecl_bhabha3d_sel", note="inferred: the simulation leaves it 0"),
    "clst": Wire(field="ecl_n_clusters"),
    "ecl_active": Wire(field="ecl_word", note="inferred for hardware: bit 0 of the ECL word, any hit in the window"),
    "ecl_timing_fwd": Wire(field="ecl_timing_source", bit=0),
    "ecl_timing_brl": Wire(field="ecl_timing_source", bit=1),
    "ecl_timing_bwd": Wire(field="ecl_timing_source", bit=2),
    "ecl_phys": Wire(field="ecl_physics"),
    "ecl_oflo": Wire(field="ecl_overflow"),
    "ecl_bst": Wire(field="ecl_burst"),
    "ecl_bg_0": Wire(field="ecl_bgveto", bit=0),
    "ecl_bg_1": Wire(field="ecl_bgveto", bit=1),
    "ecl_bg_2": Wire(field="ecl_bgveto", bit=2),
    **_numbered("bha_type_", "ecl_bhabha2d_type", N_BHABHA2D),
    **_numbered("ecl_lml_", "ecl_lml", N_LML),
    **_numbered("hie", "ecl_hie", N_HIE, first=1),
    **_numbered("ecl_hie", "ecl_hie", N_HIE, first=1),
    "trkbha": Wire(field="grl_trkbha2", note="inferred: the track Bhabha of older menus is both clusters with a 3D track"),
    "klm": Wire(field="klm_n_bklm"),
    "klmb2b": Wire(field="klm_b2b"),
    "eklm": Wire(field="klm_n_eklm"),
    "eklmb2b": Wire(field="klm_eklm_b2b"),
    "veto": Wire(field=VETO_FIELD),
    "injv": Wire(field=VETO_FIELD, note="inferred: the same veto"),
}
"""Inputs whose field has another name.

Every other input comes from the field of its own name, or of that with its driver in front: `ehigh` from `ecl_ehigh`, `cdc_open90`
from `grl_cdc_open90`.
"""

_EXTERNAL = DecisionField(name=VETO_FIELD, length=1, width=1, signed=False, meaning="injection veto is on")
_MODELLED = frozenset({Driver.ECL, Driver.TRACKS, Driver.KLM, Driver.GRL, Driver.DISPLACED, Driver.GDL})
"""Drivers whose inputs the blocks fill; those of all others are pass-through."""


BLOCK_FIELDS: Mapping[str, tuple[DecisionField, ...]] = {
    "ecl": ECL_FIELDS,
    "tracks": COUNT_FIELDS,
    "klm": KLM_FIELDS,
    "grl": GRL_FIELDS,
    "displaced": DISPLACED_FIELDS,
}
"""Decision fields that inputs can come from, by the block that answers them."""
ON_DEMAND = frozenset({"displaced"})
"""Blocks with a board of their own, which no menu of the experiment has: the chain runs them only where a line of the menu reads
them or where they are asked for, and its RTL takes their bits from outside."""
_OLDER_MENUS: Mapping[str, str] = {
    "tracks_t3_z10": "tracks of the 3D fitter are counted within 35 cm alone; no bit says 10 cm",
    "tracks_t3_z25all": "tracks of the 3D fitter are counted within 35 cm alone; no bit says 25 cm",
    "ecl_ecl_e300_2": "no bit counts clusters above 0.3 GeV; lml0 with lml00_ncl = 2 is the whole condition of line6",
}
"""Inputs of the menu before 2019 that today's fields do not give, by driver and name, with the reason."""
UNMODELLED: Mapping[str, str] = {**{item.name: item.reason for item in NOT_MODELLED}, **_OLDER_MENUS}
"""Declared fields and inputs that no block models, with the reason: the inputs are pass-through."""


@cache
def fields() -> Mapping[str, DecisionField]:
    """Fields that inputs can come from, by name."""
    declared = [field for fields in (*BLOCK_FIELDS.values(), (_EXTERNAL,)) for field in fields]
    return {field.name: field for field in declared if field.name not in UNMODELLED}


@cache
def wire_of(declaration: InputDeclaration) -> Wire | None:
    """The wire of an input; None if no block models it: then it is pass-through."""
    if declaration.driver not in _MODELLED:
        return None
    if declaration.name in WIRES:
        return WIRES[declaration.name]
    names = (declaration.name, f"{declaration.driver.value}_{declaration.name}")
    return next((Wire(field=name) for name in names if name in fields()), None)


def is_external(declaration: InputDeclaration) -> bool:
    """Whether the RTL of the chain takes an input from outside: no block models it, or one with a board of its own does."""
    wire = wire_of(declaration)
    return wire is None or any(wire.field == field.name for block in ON_DEMAND for field in BLOCK_FIELDS[block])


@cache
def source_bits(declaration: InputDeclaration) -> tuple[SourceBit | None, ...] | None:
    """Where the bits of an input come from, lowest first; None for a bit beyond the width of its field, which reads 0.

    None for an input that no block models.

    Raises:
        InputError: the encoding does not fit the field.
    """
    wire = wire_of(declaration)
    if wire is None:
        return None
    field, n_bits = fields()[wire.field], len(declaration.bits)
    if field.length > 1 and n_bits > 1:
        if wire.element + n_bits > field.length:
            msg = f"input {declaration.name} has {n_bits} bits, but {field.name} has {field.length} elements"
            raise InputError(msg)
        return tuple(SourceBit(field.name, wire.element + k, wire.bit) for k in range(n_bits))
    if declaration.encoding is Encoding.ONE_HOT and n_bits > 1:
        msg = f"input {declaration.name} is one-hot, but {field.name} is a number: its encoding must be binary"
        raise InputError(msg)
    places = (wire.bit + k for k in range(n_bits))
    return tuple(SourceBit(field.name, wire.element, bit) if bit < field.width else None for bit in places)
