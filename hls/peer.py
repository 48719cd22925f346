"""The codesign network as another tool makes it: Verilog of da4ml, distributed arithmetic, for the comparison of costs.

Ref: C. Sun et al., arXiv 2507.04535 (da4ml).
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls.convert import to_float, to_raw
from hls.freeze import thaw
from trigger.cdc.neuro.codesign import CodesignNetwork
from trigger.cdc.neuro.formats import NODE

NAME = "da4ml_codesign"
ADDERS_PER_STAGE = 2
"""Adders in a row between two registers. Our choice: as many as in our own RTL."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PeerRtl:
    """Verilog of all modules in one text, the top module being NAME; latency in cycles, a vector every cycle.

    An input of exactly +1 is one LSB beyond the peer's inputs, which have as many bits as NODE less one.
    """

    verilog: str
    latency: int
    solution: Any

    def run(self, x_raw: NDArray[np.integer]) -> NDArray[np.int64]:
        """Outputs (n, 3) in the ANSWER format of the peer's own model of the logic; inputs (n, 27) below +1."""
        return to_raw(self.solution.predict(to_float(x_raw).astype(np.float64)))


def da4ml_rtl(network: CodesignNetwork) -> PeerRtl:
    """The peer of a frozen network, made in a minute from its Keras form."""
    from da4ml.codegen.rtl.rtl_model import RTLModel
    from da4ml.converter import trace_model
    from da4ml.trace import HWConfig, comb_trace

    inputs, outputs = trace_model(thaw(network), HWConfig(1, -1, -1), inputs_kif=(1, 0, NODE.fraction))
    solution = comb_trace(inputs, outputs)
    with tempfile.TemporaryDirectory(prefix="darktrigger-da4ml-") as name:
        model = RTLModel(solution, NAME, name, latency_cutoff=ADDERS_PER_STAGE, print_latency=False)
        model.write()
        modules = {path.stem: path.read_text(encoding="utf-8") for path in sorted((Path(name) / "src").rglob("*.v"))}
    text = "".join(modules[module] for module in _used(modules))
    stages = {int(number) for number in re.findall(rf"module {NAME}_stage(\d+)", text)}
    return PeerRtl(verilog=text, latency=len(stages), solution=solution)


def _used(modules: dict[str, str]) -> list[str]:
    """Names of the modules, in the order given, that the top module needs."""
    used, new = set(), {NAME}
    while new:
        used |= new
        words = {word for module in new for word in re.findall(r"\w+", modules[module])}
        new = (words & modules.keys()) - used
    return [module for module in modules if module in used]
