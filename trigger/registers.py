"""The register map of the trigger: what slow control may set, with addresses, widths and the declared values as defaults.

Everything follows from declarations: ECL thresholds, KLM and single-track cuts, masks and prescales of a menu. Layout (our choice;
the experiment's is not public): 32-bit registers at byte addresses, one block of addresses per source, registers in the order of
their declaration. A list of bits takes one register per 32 of them, the first one in bit 0.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise

from trigger.cdc.single_track import SingleTrackTrigger
from trigger.digest import digest
from trigger.ecl.thresholds import EclThresholds, PairWindow, Window
from trigger.errors import InputError
from trigger.klm import N_LAYERS, KlmParameters
from trigger.klm_line import LENGTH_BITS, KlmLineParameters
from trigger.menu.menu import PRESCALE_BITS, Menu, Period

REGISTER_BITS = 32
REGISTER_BYTES = REGISTER_BITS // 8
BLOCK_BASES = {"ecl": 0x0000, "klm": 0x2000, "tracks": 0x3000, "menu": 0x4000}
"""First address of each block."""

_SUM, _CLUSTER, _UPPER, _ANGLE, _MASK, _COUNT = 22, 16, -17, 10, 17, 8
"""Widths: energies of all cells and of nine; upper limit of nine, signed, since -1 lets nothing pass; integer degrees; one bit per
theta id; numbers of clusters."""
_ECL_WIDTHS = {
    _SUM: (
        "elow_min elum_min ehigh_min burst_min physics_min hie_base_min taub2b_total_max taub2b2_total_max taub2b3_total_max "
        "bhabha2d_forward_min bhabha2d_backward_min"
    ),
    _CLUSTER: (
        "bhabha3d_veto_low_min bhabha3d_veto_high_min bhabha3d_sel_low_min bhabha3d_sel_high_min "
        "taub2b2_endcap_min taub2b2_cluster_min taub2b3_pair_min taub2b3_all_min hie4_cluster_min lml_n300_min "
        "lml_n500_min lml_pair_min lml_cm2_min lml_cm1_min lml_cm05_min timing_fine_min timing_super_min"
    ),
    _UPPER: "mumu_max taub2b_cluster_max taub2b3_all_max lml_pair_below_max",
    _ANGLE: (
        "bhabha3d_veto_pair bhabha3d_sel_pair mumu_pair taub2b_pair taub2b2_pair taub2b3_pair hie_pair lml_back_to_back_min "
        "lml10_phi_min lml10_theta_sum"
    ),
    _MASK: "lml13_theta_mask",
    _COUNT: "physics_icn_min bhabha2d_icn_max intrack_theta lml_clusters_min lml0_n300_min lml12_n500_min",
}
_WIDTH_OF = {name: width for width, names in _ECL_WIDTHS.items() for name in names.split()}
_STEP_BITS, _Z_BITS = 8, 13
"""Momentum in steps of 0.1 GeV; |z| of a network output, 12 fraction bits and its largest value."""


@dataclass(frozen=True, kw_only=True)
class Register:
    """One register: byte address, width in bits, default; signed ones are in two's complement."""

    name: str
    address: int
    width: int
    default: int
    signed: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z]\w*", self.name, re.ASCII) or not 1 <= self.width <= REGISTER_BITS:
            msg = f"register must have a lower-case name and 1..{REGISTER_BITS} bits, not {self.name!r} and {self.width}"
            raise ValueError(msg)
        if self.address % REGISTER_BYTES:
            msg = f"address of {self.name} must be a multiple of {REGISTER_BYTES}, not {self.address:#x}"
            raise ValueError(msg)
        low, high = (-(1 << (self.width - 1)), (1 << (self.width - 1)) - 1) if self.signed else (0, (1 << self.width) - 1)
        if not low <= self.default <= high:
            msg = f"register {self.name}: must be {low}..{high} to fit {self.width} bits, not {self.default}"
            raise InputError(msg)


@dataclass(frozen=True, kw_only=True)
class RegisterMap:
    """Registers by address; ValueError if two share a name or an address."""

    registers: tuple[Register, ...]

    def __post_init__(self) -> None:
        for one, other in pairwise(self.registers):
            if other.address <= one.address:
                msg = f"addresses must rise: {other.name} at {other.address:#x} follows {one.name} at {one.address:#x}"
                raise ValueError(msg)
        if len({register.name for register in self.registers}) != len(self.registers):
            msg = "names of registers must differ"
            raise ValueError(msg)

    @property
    def digest(self) -> str:
        """SHA-256 of all registers."""
        return digest(self.registers)

    def __getitem__(self, name: str) -> Register:
        for register in self.registers:
            if register.name == name:
                return register
        raise KeyError(name)


def register_map(
    *,
    ecl: EclThresholds,
    menu: Menu,
    period: Period,
    klm: KlmParameters | KlmLineParameters | None = None,
    tracks: SingleTrackTrigger | None = None,
) -> RegisterMap:
    """Return the map for these declarations; the defaults of KLM and tracks are the experiment's.

    klm: those of its mode, layer count by default.

    Raises:
        InputError: a value that does not fit its register, lines whose names differ only in signs or case.
    """
    blocks = {
        "ecl": list(_ecl(ecl)),
        "klm": list(_klm(klm or KlmParameters())),
        "tracks": list(_tracks(tracks or SingleTrackTrigger())),
        "menu": list(_menu(menu, period)),
    }
    registers = []
    for block, entries in blocks.items():
        address = BLOCK_BASES[block]
        for name, width, default in entries:
            entry = Register(name=f"{block}_{name}", address=address, width=abs(width), default=default, signed=width < 0)
            registers.append(entry)
            address += REGISTER_BYTES
    return RegisterMap(registers=tuple(registers))


_Entry = tuple[str, int, int]
"""Name, width (negative for a signed register), default."""


def _ecl(thresholds: EclThresholds) -> Iterator[_Entry]:
    for declared in fields(thresholds):
        for suffix, value in _numbers(getattr(thresholds, declared.name)):
            yield declared.name + suffix, _WIDTH_OF[declared.name], value


def _numbers(value: int | tuple[int, ...] | Window | PairWindow) -> Iterator[tuple[str, int]]:
    """The numbers of one threshold, each with the end of its name."""
    if isinstance(value, PairWindow):
        for part in fields(value):
            yield from ((f"_{part.name}{suffix}", number) for suffix, number in _numbers(getattr(value, part.name)))
    elif isinstance(value, Window):
        yield from (("_first", value.first), ("_last", value.last))
    elif isinstance(value, tuple):
        yield from ((f"_{place}", number) for place, number in enumerate(value))
    else:
        yield "", value


def _klm(parameters: KlmParameters | KlmLineParameters) -> Iterator[_Entry]:
    for declared in fields(parameters):
        is_length = declared.name.endswith("_raw")
        yield declared.name, LENGTH_BITS if is_length else N_LAYERS.bit_length(), getattr(parameters, declared.name)


def _tracks(trigger: SingleTrackTrigger) -> Iterator[_Entry]:
    yield "stt_z_max", _Z_BITS, trigger.z_stt_raw
    yield "y_z_max", _Z_BITS, trigger.z_y_raw
    yield "stt_p_above", _STEP_BITS, trigger.cuts.p_above_raw


def _menu(menu: Menu, period: Period) -> Iterator[_Entry]:
    """Prescales of all lines, then the mask: bit 1 lets a line pass; a masked line (prescale 0) keeps 1 in its counter."""
    names = [re.sub(r"\W", "_", line.lower(), flags=re.ASCII) for line in menu.line_names]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        msg = f"menu {menu.name}: register names of lines must differ, but {', '.join(repeated)} is there more than once"
        raise InputError(msg)
    for name, prescale in zip(names, period.prescales, strict=True):
        yield f"prescale_{name}", PRESCALE_BITS, max(prescale, 1)
    for first in range(0, len(names), REGISTER_BITS):
        passes = [prescale > 0 for prescale in period.prescales[first : first + REGISTER_BITS]]
        yield f"mask_{first // REGISTER_BITS}", len(passes), sum(bit << place for place, bit in enumerate(passes))


def json_text(registers: RegisterMap) -> str:
    """Return the map as JSON; equal maps give equal bytes."""
    rows = [
        {
            "name": entry.name,
            "address": f"{entry.address:#06x}",
            "width": entry.width,
            "signed": entry.signed,
            "default": entry.default,
        }
        for entry in registers.registers
    ]
    return json.dumps({"digest": registers.digest, "register_bits": REGISTER_BITS, "registers": rows}, indent=1) + "\n"


def c_header_text(registers: RegisterMap) -> str:
    """Return the map as a C header of macros; equal maps give equal bytes."""
    rows = [
        f"/* Registers of the trigger: declarations {registers.digest} */",
        "#ifndef DARKTRIGGER_REGISTERS_H",
        "#define DARKTRIGGER_REGISTERS_H",
    ]
    for entry in registers.registers:
        name = f"DARKTRIGGER_{entry.name.upper()}"
        rows += [
            "",
            f"#define {name}_ADDRESS {entry.address:#06x}u",
            f"#define {name}_WIDTH {entry.width}u",
            f"#define {name}_DEFAULT ({entry.default})" if entry.signed else f"#define {name}_DEFAULT {entry.default}u",
        ]
    return "\n".join([*rows, "", "#endif", ""])
