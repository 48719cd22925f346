"""What a cluster inherits from its centre cell: id, theta id, CM look-up and time."""

from amaranth.hdl import Cat, Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.ecl.beats import N_ADDRESSES, N_BEATS, N_LANES, START_BITS, TIME_BITS, Address, address
from hdl.ecl.window import RowSignature
from hdl.logic import delayed, select
from trigger.geometry.ecl import N_CELLS, N_THETA, cells

Centre = data.StructLayout({"tc": range(N_CELLS + 1), "theta_id": range(N_THETA + 1), "cm_theta": 8, "cm_phi": 9, "cm_e": 4})
"""Declared properties of a cell; CM angles in integer degrees."""


def centre_words() -> list[int]:
    """`Centre` per address as a number; 0 where no cell is."""
    words, table = [0] * N_ADDRESSES, cells()
    for index in range(N_CELLS):
        values = {
            "tc": index + 1,
            "theta_id": int(table.theta_id[index]),
            "cm_theta": int(table.cm_theta_deg[index]),
            "cm_phi": int(table.cm_phi_deg[index]),
            "cm_e": int(table.cm_energy_e[index]),
        }
        words[address(index)] = Centre.const(values).as_bits()
    return words


class CentreTable(wiring.Component):
    """Properties and time (raw, relative to the nominal event time) of the cell at `address`; one request per cycle.

    Times are written as the rows arrive, into the buffer `row.bank`, and read from the buffer `bank` in the cycle of the request.
    `start`, the start of that window, must stay until the answer.
    """

    LATENCY = 4

    def __init__(self) -> None:
        super().__init__(
            {
                "row": In(RowSignature),
                "address": In(Address),
                "bank": In(1),
                "start": In(signed(START_BITS)),
                "centre": Out(Centre),
                "time": Out(signed(START_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.table = table = Memory(shape=Centre.size, depth=N_ADDRESSES, init=centre_words())
        m.submodules.buffer = buffer = Memory(shape=TIME_BITS * N_LANES, depth=2 * N_BEATS, init=[])
        write, look_up, read = buffer.write_port(), table.read_port(), buffer.read_port(domain="comb")
        lanes = [read.data.word_select(lane, TIME_BITS) for lane in range(N_LANES)]
        m.d.comb += [
            write.en.eq(self.row.valid),
            write.addr.eq(Cat(self.row.beat, self.row.bank)),
            write.data.eq(self.row.time),
            look_up.addr.eq(delayed(m, self.address, self.LATENCY - 2, "address")),
            read.addr.eq(Cat(self.address.beat, self.bank)),
        ]
        m.d.sync += [
            self.time.eq(self.start + delayed(m, select(lanes, self.address.lane), self.LATENCY - 1, "offset")),
            self.centre.eq(look_up.data),
        ]
        return m
