"""Words of the GRL's memories, from the declared tables."""

from amaranth.hdl import signed
from amaranth.lib import data

from hdl.grl.beats import ADC_BITS, Track
from trigger.cdc.neuro.formats import NODE
from trigger.geometry.ecl import N_CELLS
from trigger.grl.parameters import N_BINS, N_SECTORS, VETO, GrlParameters
from trigger.grl.tables import MAX_OMEGA, N_PHI, PLANE, TURN, CellTables, TrackTables, cell_tables, track_tables

VETO_FIRST = min(row.positive[0] for row in VETO)
VETO_LAST = max(row.negative[1] for row in VETO)
_THETA = signed(NODE.width)

Azimuth = data.StructLayout({"half_cell": range(N_PHI), "sector": range(N_SECTORS), "azimuth_bin": range(N_BINS)})
"""Azimuth at the origin of a track by phi_raw: half cells from 0 degree, sector, bin."""
Bend = data.StructLayout(
    {
        "ecl_bend": signed(TURN.bit_length()),
        "klm_bend": signed(TURN.bit_length()),
        "ecl_reached": 1,
        "klm_reached": 1,
        "is_hard": 1,
        "veto": VETO_LAST - VETO_FIRST + 1,
    }
)
"""What follows from the curvature of a track; veto: vetoed sectors, from `VETO_FIRST` around that of the track."""
Cell = data.StructLayout(
    {
        "azimuth_bin": range(N_BINS),
        "is_barrel": 1,
        "is_forward": 1,
        "is_backward": 1,
        "is_forward_loose": 1,
        "is_backward_loose": 1,
        "near_first": range(N_PHI),
        "near_count": range(N_PHI + 1),
        "bhabha_first": range(N_PHI),
        "bhabha_count": range(N_PHI + 1),
        "theta_last": _THETA,
        "theta_first": _THETA,
        "bhabha_adc": ADC_BITS,
    }
)
"""What a cluster inherits from its cell, see `trigger.grl.tables.CellTables`."""


def azimuth_words() -> list[int]:
    """`Azimuth` per phi_raw as a number."""
    words = []
    for phi in range(N_PHI):
        half_cell = (phi + 1 - PLANE.n_phi) % N_PHI
        values = {
            "half_cell": half_cell,
            "sector": half_cell * N_SECTORS // N_PHI,
            "azimuth_bin": half_cell * N_BINS // N_PHI,
        }
        words.append(Azimuth.const(values).as_bits())
    return words


def bend_words(parameters: GrlParameters) -> list[int]:
    """`Bend` per omega_raw, in two's complement, as a number; 0 where no track is."""
    table: TrackTables = track_tables(parameters)
    words = [0] * (1 << Track["omega"].width)
    for place, omega in enumerate(range(-MAX_OMEGA, MAX_OMEGA + 1)):
        sectors = range(int(table.veto_first[place]), int(table.veto_last[place]) + 1)
        values = {name: int(getattr(table, name)[place]) for name, _ in Bend if name != "veto"}
        values["veto"] = sum(1 << (sector - VETO_FIRST) for sector in sectors)
        words[omega % len(words)] = Bend.const(values).as_bits()
    return words


def cell_words(parameters: GrlParameters) -> list[int]:
    """`Cell` per tc id as a number; 0 for id 0."""
    table: CellTables = cell_tables(parameters)
    names = [name for name, _ in Cell]
    return [0] + [Cell.const({name: int(getattr(table, name)[tc]) for name in names}).as_bits() for tc in range(1, N_CELLS + 1)]
