"""The Verilog wrapper that feeds a component from a file of binary records and writes its results to files.

cocotb sees the wrapper's ports alone: it gives clock and reset, raises `run`, waits for `done` and checks the flags; no
Python runs per cycle. With `manual` high, cocotb drives the component itself (protocol tests).

A stimulus record is big-endian: a 32-bit header (`Header`), then the beat, padded to whole bytes. It says what the component
sees in one cycle and how many idle cycles follow; in idle cycles `in_valid` is low and every other input is inverted, so that a
component which looks at them is found out.
"""

import enum

from sim.cosim.ports import StreamPorts

TOP = "cosim_top"
STIMULUS_FILE = "stimulus.bin"
MARKS_FILE = "marks.hex"
RESULTS_FILE = "results.hex"
HEADER_BITS = 32
CYCLE_BITS = 32
DRAIN_CYCLES = 256
"""Cycles after the last record in which results are still taken (our choice: above the longest latency, that of the chain)."""


class Header(enum.IntEnum):
    """Bit of each flag in the header of a record; the idle cycles that follow are a number of `IDLE_BITS` from bit 0."""

    MARK = 29
    VALID = 30
    RESET = 31


IDLE_BITS = 16


def record_bytes(ports: StreamPorts) -> int:
    """Bytes of one stimulus record."""
    return (HEADER_BITS + ports.payload_bits + 7) // 8


def verilog(ports: StreamPorts) -> str:
    """The wrapper as Verilog-2005 text, module `cosim_top`."""
    payload, result = ports.payload_bits, ports.result_bits
    size = record_bytes(ports)
    connections = [".clk(clk)", ".rst(dut_rst)", ".in_valid(in_valid)", ".out_valid(out_valid)"]
    connections += [f".{p.name}(payload[{ports.input_low(p.name)} +: {p.width}])" for p in ports.inputs]
    connections += [f".{p.name}(result[{ports.output_low(p.name)} +: {p.width}])" for p in ports.outputs]
    bound = ",\n        ".join(connections)
    return f"""\
module {TOP} (
    input wire clk,
    input wire rst,
    input wire run,
    input wire manual,
    input wire manual_rst,
    input wire manual_valid,
    input wire [{payload - 1}:0] manual_payload,
    output reg done,
    output reg fault,
    output reg [31:0] n_marks,
    output reg [31:0] n_results,
    output reg [{CYCLE_BITS - 1}:0] cycle,
    output wire out_valid,
    output wire [{result - 1}:0] result
);
    reg opened, reading, feed_rst, feed_valid, feed_mark;
    reg [{payload - 1}:0] feed_payload;
    reg [{IDLE_BITS - 1}:0] idle;
    reg [15:0] drain;
    reg [{8 * size - 1}:0] record;
    integer stimulus, marks, results, count;

    wire dut_rst = rst | (manual ? manual_rst : feed_rst);
    wire in_valid = manual ? manual_valid : feed_valid;
    wire [{payload - 1}:0] payload = manual ? manual_payload : feed_payload;

    {ports.module} dut (
        {bound}
    );

    always @(posedge clk) begin
        cycle <= cycle + 1;
        if (rst) begin
            opened <= 0; reading <= 0; done <= 0; fault <= 0; drain <= 0; idle <= 0; cycle <= 0;
            n_marks <= 0; n_results <= 0;
            feed_rst <= 0; feed_valid <= 0; feed_mark <= 0; feed_payload <= 0;
        end else if (run && !opened) begin
            opened <= 1;
            stimulus = $fopen("{STIMULUS_FILE}", "rb");
            marks = $fopen("{MARKS_FILE}", "w");
            results = $fopen("{RESULTS_FILE}", "w");
            if (stimulus == 0 || marks == 0 || results == 0) begin
                fault <= 1; done <= 1;
            end else
                reading <= 1;
        end else if (opened && !done) begin
            if (feed_valid && feed_mark) begin
                $fwrite(marks, "%h\\n", cycle);
                n_marks <= n_marks + 1;
            end
            if (out_valid !== 1'b0) begin
                $fwrite(results, "%h %h %h\\n", cycle, out_valid, result);
                n_results <= n_results + 1;
            end
            if (idle != 0) begin
                idle <= idle - 1;
                feed_rst <= 0; feed_valid <= 0; feed_mark <= 0;
                feed_payload <= ~feed_payload;
            end else if (reading) begin
                count = $fread(record, stimulus);
                if (count == {size}) begin
                    idle <= record[{8 * size - HEADER_BITS} +: {IDLE_BITS}];
                    feed_mark <= record[{8 * size - HEADER_BITS + Header.MARK}];
                    feed_valid <= record[{8 * size - HEADER_BITS + Header.VALID}];
                    feed_rst <= record[{8 * size - HEADER_BITS + Header.RESET}];
                    feed_payload <= record[{payload - 1}:0];
                end else begin
                    fault <= count != 0;
                    reading <= 0;
                    feed_rst <= 0; feed_valid <= 0; feed_mark <= 0;
                    feed_payload <= ~feed_payload;
                end
            end else begin
                drain <= drain + 1;
                if (drain == {DRAIN_CYCLES}) begin
                    $fclose(stimulus); $fclose(marks); $fclose(results);
                    done <= 1;
                end
            end
        end
    end
endmodule
"""
