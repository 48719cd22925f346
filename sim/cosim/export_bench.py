"""The self-checking test bench of an exported block: plain Verilog-2005, golden vectors from memory files, every field compared.

A result must come in its expected cycle, equal in every bit, and in no other cycle; undefined bits are wrong. The bench ends with a
line that begins with PASS and status 0, or with FAIL and another status: `$finish_and_return` in Icarus, where `$stop` waits for a
user or ends with status 0, and `$stop` elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.cosim.export_golden import NUMBER_BITS
from sim.cosim.ports import StreamPorts
from sim.cosim.wrapper import DRAIN_CYCLES, HEADER_BITS, IDLE_BITS, Header, record_bytes

RESET_CYCLES = 8
MAX_SHOWN = 10
"""Differences that the bench prints."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What a bench is made for.

    latency: declared, in cycles. half_period_ns: of the clock. stimulus, expected: memory files. held: inputs that keep their value
    in idle cycles instead of being inverted.
    """

    ports: StreamPorts
    latency: int
    half_period_ns: str
    stimulus: str
    expected: str
    n_events: int
    n_records: int
    n_results: int
    held: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """Name of the bench module."""
        return f"{self.ports.module}_tb"


def bench_text(bench: Bench) -> str:
    """The bench as Verilog-2005 text."""
    ports = bench.ports
    payload, result = ports.payload_bits, ports.result_bits
    size, expected_bits = 8 * record_bytes(ports), _expected_bits(ports)
    header = size - HEADER_BITS
    cycle_low = expected_bits - 2 * NUMBER_BITS
    comparisons = "\n".join(_comparison(bench, port.name) for port in ports.outputs)
    return f"""\
// Golden vectors through {ports.module}: {bench.n_events} events, {bench.n_results} results, latency {bench.latency} cycles.
`timescale 1ns / 1ps
module {bench.module};
    localparam N_RECORDS = {bench.n_records};
    localparam N_RESULTS = {bench.n_results};
    localparam [{payload - 1}:0] INVERTED = {payload}'h{_inverted(bench):x};

    reg clk, start, rst, in_valid;
    reg [{payload - 1}:0] payload;
    wire out_valid;
    wire [{result - 1}:0] result;

    reg [{size - 1}:0] stimulus [0:N_RECORDS - 1];
    reg [{expected_bits - 1}:0] expected [0:N_RESULTS - 1];
    reg [{size - 1}:0] record;
    reg [{expected_bits - 1}:0] want;
    reg [31:0] cycle;
    reg [{IDLE_BITS - 1}:0] idle;
    reg is_due, differs;
    integer n_sent, n_quiet, n_answered, n_equal, n_different, n_missing, n_extra, n_shown;

    {ports.module} dut (
        {_connections(ports)}
    );

    always #({bench.half_period_ns}) clk = ~clk;

    initial begin
        clk = 0; start = 1; rst = 1; in_valid = 0; payload = 0; cycle = 0; idle = 0;
        n_sent = 0; n_quiet = 0; n_answered = 0; n_equal = 0; n_different = 0; n_missing = 0; n_extra = 0; n_shown = 0;
        $readmemh("{bench.stimulus}", stimulus);
        $readmemh("{bench.expected}", expected);
        repeat ({RESET_CYCLES}) @(negedge clk);
        start = 0;
    end

    // Inputs. A record is one cycle and some idle ones, in which in_valid is low and the bits of INVERTED are inverted.
    always @(posedge clk) begin
        if (start) begin
            rst <= 1; in_valid <= 0; payload <= 0; idle <= 0; cycle <= 32'hffffffff;
        end else begin
            cycle <= cycle + 1;
            if (idle == 0 && n_sent < N_RECORDS) begin
                record = stimulus[n_sent];
                n_sent <= n_sent + 1;
                idle <= record[{header} +: {IDLE_BITS}];
                rst <= record[{header + Header.RESET}];
                in_valid <= record[{header + Header.VALID}];
                payload <= record[{payload - 1}:0];
            end else begin
                if (idle != 0) idle <= idle - 1;
                else n_quiet <= n_quiet + 1;
                rst <= 0; in_valid <= 0; payload <= payload ^ INVERTED;
            end
        end
    end

    // Outputs, in the same cycles.
    always @(posedge clk) if (!start && cycle != 32'hffffffff) begin
        want = expected[n_answered];
        while (n_answered < N_RESULTS && want[{cycle_low} +: {NUMBER_BITS}] < cycle) begin
            n_missing = n_missing + 1;
            n_answered = n_answered + 1;
            want = expected[n_answered];
        end
        is_due = n_answered < N_RESULTS && want[{cycle_low} +: {NUMBER_BITS}] === cycle;
        if (out_valid !== is_due) begin
            if (!is_due) n_extra = n_extra + 1;
            n_shown = n_shown + 1;
            if (n_shown <= {MAX_SHOWN})
                $display("cycle %0d: out_valid is %b, not %b", cycle, out_valid, is_due);
        end else if (is_due) begin
            differs = 0;
{comparisons}
            if (differs) n_different = n_different + 1;
            else n_equal = n_equal + 1;
        end
        if (is_due && out_valid === 1'b1) n_answered = n_answered + 1;
        if (n_quiet > {bench.latency + DRAIN_CYCLES}) conclude;
    end

    task conclude;
        if (n_equal == N_RESULTS && n_different == 0 && n_missing == 0 && n_extra == 0) begin
            $display("PASS {ports.module}: {bench.n_events} events, %0d results equal, latency {bench.latency} cycles", n_equal);
            $finish;
        end else begin
            $display("FAIL {ports.module}: of %0d results %0d equal, %0d different, %0d missing, %0d not compared; %0d too many",
                N_RESULTS, n_equal, n_different, n_missing, N_RESULTS - n_answered, n_extra);
`ifdef __ICARUS__
            $finish_and_return(1);
`else
            $stop;
`endif
        end
    endtask
endmodule
"""


def _connections(ports: StreamPorts) -> str:
    """Port connections of the block."""
    bound = [".clk(clk)", ".rst(rst)", ".in_valid(in_valid)", ".out_valid(out_valid)"]
    bound += [f".{port.name}(payload[{ports.input_low(port.name)} +: {port.width}])" for port in ports.inputs]
    bound += [f".{port.name}(result[{ports.output_low(port.name)} +: {port.width}])" for port in ports.outputs]
    return ",\n        ".join(bound)


def _inverted(bench: Bench) -> int:
    """Bits of the inputs that idle cycles invert."""
    ports = [port for port in bench.ports.inputs if port.name not in bench.held]
    return sum(((1 << port.width) - 1) << bench.ports.input_low(port.name) for port in ports)


def _comparison(bench: Bench, name: str) -> str:
    """Statements that compare one output with what is wanted."""
    low = bench.ports.output_low(name)
    width = next(port.width for port in bench.ports.outputs if port.name == name)
    found, wanted = f"result[{low} +: {width}]", f"want[{low} +: {width}]"
    event = f"want[{_expected_bits(bench.ports) - NUMBER_BITS} +: {NUMBER_BITS}]"
    return f"""\
            if ({found} !== {wanted}) begin
                differs = 1;
                n_shown = n_shown + 1;
                if (n_shown <= {MAX_SHOWN})
                    $display("event %0d, cycle %0d: {name} is %h, not %h", {event}, cycle, {found}, {wanted});
            end"""


def _expected_bits(ports: StreamPorts) -> int:
    """Width of an expected word."""
    return 2 * NUMBER_BITS + 8 * ((ports.result_bits + 7) // 8)
