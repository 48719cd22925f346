"""Nine cells around any cell of a window: the energy buffers of two windows and the table of neighbour addresses."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.ecl.beats import N_ADDRESSES, N_BEATS, N_LANES, Address, address
from hdl.ecl.window import RowSignature
from hdl.logic import select
from trigger.ecl.calibration import ADC_BITS
from trigger.geometry.ecl import N_SLOTS, cells

N_MEMBERS = N_SLOTS + 1
Neighbour = data.StructLayout({"address": Address, "exists": 1})
Energies = data.ArrayLayout(ADC_BITS, N_MEMBERS)
Addresses = data.ArrayLayout(Address, N_MEMBERS)


def neighbour_table() -> list[int]:
    """Word per address: slots 1..8 as `Neighbour`, slot 1 in the lowest bits; 0 where no cell is."""
    words = [0] * N_ADDRESSES
    for index, ids in enumerate(cells().neighbours.tolist()):
        for slot, tc_id in enumerate(ids):
            if tc_id:
                entry = address(tc_id - 1) | (1 << Address.size)
                words[address(index)] |= entry << (slot * Neighbour.size)
    return words


class Neighbourhood(wiring.Component):
    """Energies of a cell (member 0) and of its neighbour slots 1..8, and where they come from; an empty slot reads 0.

    Rows are written as they arrive, into the buffer `row.bank`; `bank` says which buffer is read and belongs to the cycle after
    `centre`. One request per cycle.
    """

    LATENCY = 2

    def __init__(self) -> None:
        super().__init__(
            {
                "row": In(RowSignature),
                "centre": In(Address),
                "bank": In(1),
                "energies": Out(Energies),
                "addresses": Out(Addresses),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.table = table = Memory(shape=N_SLOTS * Neighbour.size, depth=N_ADDRESSES, init=neighbour_table())
        m.submodules.buffer = buffer = Memory(shape=ADC_BITS * N_LANES, depth=2 * N_BEATS, init=[])
        write, look_up = buffer.write_port(), table.read_port()
        centre = Signal(Address)
        m.d.sync += centre.eq(self.centre)
        m.d.comb += [
            write.en.eq(self.row.valid),
            write.addr.eq(Cat(self.row.beat, self.row.bank)),
            write.data.eq(self.row.adc),
            look_up.addr.eq(self.centre),
        ]
        slots = data.View(data.ArrayLayout(Neighbour, N_SLOTS), look_up.data)
        for member in range(N_MEMBERS):
            place = centre if member == 0 else slots[member - 1].address
            read = buffer.read_port(domain="comb")
            m.d.comb += read.addr.eq(Cat(place.beat, self.bank))
            lanes = [read.data.word_select(lane, ADC_BITS) for lane in range(N_LANES)]
            energy = select(lanes, place.lane)
            energy_q, place_q = Signal(ADC_BITS, name=f"energy_{member}"), Signal(Address, name=f"address_{member}")
            m.d.sync += [
                energy_q.eq(energy if member == 0 else Mux(slots[member - 1].exists, energy, 0)),
                place_q.eq(place),
            ]
            m.d.comb += [self.energies[member].eq(energy_q), self.addresses[member].eq(place_q)]
        return m
