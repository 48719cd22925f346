"""The ports of a streaming component and where each one lies in a stimulus record and in a result line.

A streaming component takes one beat per cycle in which `in_valid` is high, and answers with `out_valid` for one cycle;
it has the ports `clk` and `rst` of one clock domain.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Port:
    """One port of the component besides `clk`, `rst`, `in_valid` and `out_valid`."""

    name: str
    width: int

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.width < 1:
            msg = f"port must have a Verilog name and a positive width in bits, not {self.name!r} and {self.width}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class StreamPorts:
    """Inputs of one beat and outputs of one result; the first port of each lies in the lowest bits."""

    module: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    @property
    def payload_bits(self) -> int:
        """Width of one beat."""
        return sum(port.width for port in self.inputs)

    @property
    def result_bits(self) -> int:
        """Width of one result."""
        return sum(port.width for port in self.outputs)

    def input_low(self, name: str) -> int:
        """Lowest bit of an input in a beat."""
        return _low(self.inputs, name)

    def output_low(self, name: str) -> int:
        """Lowest bit of an output in a result."""
        return _low(self.outputs, name)


@dataclass(frozen=True, kw_only=True)
class Design:
    """A component as Verilog text (its module is `ports.module`)."""

    ports: StreamPorts
    verilog: str


def _low(ports: tuple[Port, ...], name: str) -> int:
    low = 0
    for port in ports:
        if port.name == name:
            return low
        low += port.width
    msg = f"port must be one of {', '.join(port.name for port in ports)}, not {name}"
    raise ValueError(msg)
