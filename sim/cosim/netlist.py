"""The netlist of a component after synthesis as a design for the bench: the same ports, the cells that the cost table counts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.cosim.ports import Design
from trigger.digest import digest


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """A mapped design. about: what a record says of it: digest of the netlist, mapping, version of Yosys, cells by kind."""

    design: Design
    about: dict[str, Any]


def netlist_of(design: Design, *, cache: Path | None = None) -> Netlist:
    """The netlist of a design with simulation models of its cells, from the cache of `synth` or synthesised now (minutes).

    ValueError for a cell that there is no model of; errors of `hdl.synthesis.synthesise` otherwise.
    """
    from hdl.synthesis import MAPPING, netlist, synthesise
    from hdl.synthesis_models import simulation_models

    top = design.ports.module
    text = netlist(design.verilog, top, cache=cache)
    report = synthesise(design.verilog, top, cache=cache)
    models = simulation_models(report.cells)
    about = {"digest": digest(text), "mapping": MAPPING, "yosys": report.yosys.partition(",")[0], "cells": report.cells}
    return Netlist(design=Design(ports=design.ports, verilog=f"{text}\n{models}\n"), about=about)
