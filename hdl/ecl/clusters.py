"""Clusters of a window: for each seed the most energetic cell of its 3x3 cells, then the energy of the 3x3 around that one.

Ref: basf2 trg/ecl TrgEclCluster.cc, setICN (read in public source).
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.beats import START_BITS, Address
from hdl.ecl.centre_table import Centre, CentreTable
from hdl.ecl.neighbourhood import N_MEMBERS, Neighbourhood
from hdl.ecl.window import RowSignature
from hdl.logic import add, delayed
from trigger.ecl.calibration import ADC_BITS
from trigger.ecl.thresholds import CLUSTER_ADC_MAX, MAX_CLUSTERS

Cluster = data.StructLayout(
    {
        "valid": 1,
        "adc": range(CLUSTER_ADC_MAX + 1),
        "n_members": range(N_MEMBERS + 1),
        "time": signed(START_BITS),
        "centre": Centre,
    }
)
"""One stored cluster; all zero if not valid."""
Candidate = data.StructLayout({"adc": ADC_BITS, "address": Address})


class Clusters(wiring.Component):
    """One cluster per slot, in the order of the seeds.

    Six consecutive `seed_slot` cycles carry the seeds of one window, with `seed_valid` for those that exist; the buffers are
    read twice, for the seeds first and six cycles later for the centres. `slot` marks the clusters and `index` numbers them.
    The first slot comes earlier than 16 cycles after the window's last row, the next window's slots 16 cycles later or more.
    """

    COMPARE_STAGES = 4
    LATENCY = Neighbourhood.LATENCY + COMPARE_STAGES + Neighbourhood.LATENCY + 2

    def __init__(self) -> None:
        super().__init__(
            {
                "row": In(RowSignature),
                "seed_slot": In(1),
                "seed_valid": In(1),
                "seed": In(Address),
                "slot": Out(1),
                "index": Out(range(MAX_CLUSTERS)),
                "cluster": Out(Cluster),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.cells = cells = Neighbourhood()
        m.submodules.table = table = CentreTable()
        wiring.connect(m, wiring.flipped(self.row), cells.row)
        wiring.connect(m, wiring.flipped(self.row), table.row)
        bank, start = self._window_of_slots(m)

        centre = self._most_energetic(m, cells)
        centre_slot = delayed(m, self.seed_slot, Neighbourhood.LATENCY + self.COMPARE_STAGES, "slot")
        valid = delayed(m, self.seed_slot & self.seed_valid, self.LATENCY, "valid")
        m.d.comb += [
            cells.centre.eq(Mux(centre_slot, centre.address, self.seed)),
            cells.bank.eq(bank),
            table.address.eq(centre.address),
            table.bank.eq(bank),
            table.start.eq(start),
            self.slot.eq(delayed(m, centre_slot, self.LATENCY - Neighbourhood.LATENCY - self.COMPARE_STAGES, "done")),
        ]

        partial = [Signal(range(3 * ((1 << ADC_BITS) - 1) + 1), name=f"partial_{k}") for k in range(3)]
        n_members, total, n_total = Signal(range(N_MEMBERS + 1)), Signal(range(CLUSTER_ADC_MAX + 1)), Signal(range(N_MEMBERS + 1))
        energies = [cells.energies[member] for member in range(N_MEMBERS)]
        m.d.sync += [
            *(signal.eq(add(energies[3 * k : 3 * k + 3])) for k, signal in enumerate(partial)),
            n_members.eq(add([energy.any() for energy in energies])),
            total.eq(add(partial)),
            n_total.eq(n_members),
        ]
        with m.If(self.slot):
            m.d.sync += self.index.eq(Mux(self.index == MAX_CLUSTERS - 1, 0, self.index + 1))
        with m.If(valid):
            m.d.comb += [
                self.cluster.valid.eq(1),
                self.cluster.adc.eq(total),
                self.cluster.n_members.eq(n_total),
                self.cluster.time.eq(table.time),
                self.cluster.centre.eq(table.centre),
            ]
        return m

    def _window_of_slots(self, m: Module) -> tuple[Signal, Signal]:
        """Buffer and start time of the window that the slots belong to, from the first slot's next cycle on."""
        closed_bank, closed_start = Signal(), Signal(signed(START_BITS))
        bank, start = Signal(), Signal(signed(START_BITS))
        with m.If(self.row.valid & self.row.last):
            m.d.sync += [closed_bank.eq(self.row.bank), closed_start.eq(self.row.start)]
        with m.If(self.seed_slot & ~delayed(m, self.seed_slot, 1, "seed_slot")):
            m.d.sync += [bank.eq(closed_bank), start.eq(closed_start)]
        return bank, start

    def _most_energetic(self, m: Module, cells: Neighbourhood) -> data.View:
        """The member with the most energy, the lowest slot winning ties, after one register per level of comparisons."""
        level = []
        for member in range(N_MEMBERS):
            candidate = Signal(Candidate, name=f"member_{member}")
            m.d.comb += [candidate.adc.eq(cells.energies[member]), candidate.address.eq(cells.addresses[member])]
            level.append(candidate)
        for stage in range(self.COMPARE_STAGES):
            winners = []
            for k in range(0, len(level), 2):
                winner = Signal(Candidate, name=f"winner_{stage}_{k // 2}")
                pair = level[k : k + 2]
                m.d.sync += winner.eq(Mux(pair[1].adc > pair[0].adc, pair[1], pair[0]) if len(pair) == 2 else pair[0])
                winners.append(winner)
            level = winners
        return level[0]
