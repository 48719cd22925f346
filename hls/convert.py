"""The codesign network as an hls4ml project: C++ model, golden vectors, and types held against the frozen integers."""

import contextlib
import copy
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.codesign import ANSWER, CodesignLayer, CodesignNetwork
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.errors import InputError
from trigger.fixed import Fixed

if TYPE_CHECKING:
    import keras

PROJECT = "codesign"
PART = "xcvu160-flgb2104-2-e"
"""The UT4 board's device; package and speed grade are unverified."""
CLOCK_NS = 1000 / 127.216
"""System clock of the trigger."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HlsProject:
    """An hls4ml project on disk. types: C++ type of each named quantity, as hls4ml wrote it, by layer."""

    folder: Path
    model: Any
    types: dict[str, dict[str, str]]

    def compile(self) -> None:
        """Build the C++ model with the system's compiler."""
        with _hls4ml_warnings():
            self.model.compile()

    def predict(self, x_raw: NDArray[np.integer]) -> NDArray[np.int64]:
        """Outputs of the C++ model, int64 (n, answers) in the ANSWER format; the model must have been compiled."""
        return to_raw(self.model.predict(to_float(x_raw)).reshape(len(x_raw), -1))


@contextlib.contextmanager
def _hls4ml_warnings() -> Iterator[None]:
    """hls4ml's own calls of numpy are deprecated: nothing that a user could do about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def to_float(x_raw: NDArray[np.integer]) -> NDArray[np.float32]:
    """Network inputs as Keras and the C++ model take them; exact."""
    return np.ascontiguousarray(x_raw, dtype=np.float32) / np.float32(NODE_ONE)


def to_raw(outputs: NDArray[np.floating]) -> NDArray[np.int64]:
    """Raw outputs (n, answers); InputError if a value is not on the grid of ANSWER."""
    raw = np.ldexp(np.asarray(outputs, dtype=np.float64), ANSWER.fraction)
    if (raw != np.rint(raw)).any() or (raw < ANSWER.raw_min).any() or (raw > ANSWER.raw_max).any():
        bad = int(np.flatnonzero((raw != np.rint(raw)).any(axis=1) | (np.abs(raw) > -ANSWER.raw_min).any(axis=1))[0])
        msg = f"outputs must lie on the grid of {ANSWER.ap_fixed}, not {np.asarray(outputs)[bad].tolist()}"
        raise InputError(msg)
    return raw.astype(np.int64)


def convert(model: "keras.Model", network: CodesignNetwork, folder: Path, *, reuse: int = 1) -> HlsProject:
    """Write the hls4ml project of a trained network, and check its types.

    reuse: hls4ml's reuse factor. The backend is Vitis; nothing of it is needed for the C++ model.
    InputError if a type cannot hold a frozen weight, bias, input format or sum, or the output type is not ANSWER.
    """
    import hls4ml

    with _hls4ml_warnings():
        config = hls4ml.utils.config_from_keras_model(model, granularity="model", backend="Vitis")
        config["Model"]["ReuseFactor"] = reuse
        converted = hls4ml.converters.convert_from_keras_model(
            model,
            hls_config=config,
            output_dir=str(folder),
            project_name=PROJECT,
            backend="Vitis",
            io_type="io_parallel",
            part=PART,
            clock_period=CLOCK_NS,
        )
        _keep_answers_whole(converted)
        converted.write()
    types = _written_types(folder, converted)
    check_types(types, network)
    return HlsProject(folder=folder, model=converted, types=types)


def _keep_answers_whole(converted: Any) -> None:
    """Give the outputs the type ANSWER: where sums have fewer fraction bits, hls4ml leaves out the last ones, and with them the end
    of the range that answers saturate at."""
    (output,) = converted.get_output_variables()
    precision = copy.copy(output.type.precision)
    precision.width, precision.integer = ANSWER.width, ANSWER.width - ANSWER.fraction
    output.type.precision = precision


def write_golden(folder: Path, network: CodesignNetwork, x_raw: NDArray[np.integer], stamp: dict[str, Any]) -> None:
    """Write test vectors of the project: `golden.npz` with raw inputs and outputs, and the text files of hls4ml's test bench.

    stamp: digests of what the vectors were made from, written to `golden.json`.
    """
    outputs = network.run(x_raw)
    np.savez_compressed(folder / "golden.npz", x_raw=np.asarray(x_raw, np.int16), answer_raw=outputs)
    bench = folder / "tb_data"
    bench.mkdir(exist_ok=True)
    np.savetxt(bench / "tb_input_features.dat", to_float(x_raw), fmt="%.12g")
    np.savetxt(bench / "tb_output_predictions.dat", ANSWER.to_float(outputs), fmt="%.12g")
    head = {**stamp, "vectors": len(outputs), "answer": ANSWER.ap_fixed}
    (folder / "golden.json").write_text(json.dumps(head, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def check_types(types: dict[str, dict[str, str]], network: CodesignNetwork) -> None:
    """Hold the C++ types against the frozen integers: InputError names the first that cannot hold what it must."""
    for k, layer in enumerate(network.layers):
        name = "output" if k == len(network.layers) - 1 else f"hidden_{k}"
        found = {kind: Fixed.from_ap_fixed(text) for kind, text in types[name].items() if text.startswith("ap_")}
        weight = np.where(layer.used, layer.weight, 0)
        _must_hold(found["weight"], weight, layer.weight_fraction, f"weights of {name}")
        _must_hold(found["bias"], layer.bias, layer.bias_fraction, f"biases of {name}")
        _must_hold_sums(found["accum"], layer, name)
    answer = Fixed.from_ap_fixed(types["output"]["result"])
    if (answer.width, answer.fraction, answer.signed, answer.rounding, answer.overflow) != (
        ANSWER.width, ANSWER.fraction, ANSWER.signed, ANSWER.rounding, ANSWER.overflow,
    ):  # fmt: skip
        msg = f"the output type must be {ANSWER.ap_fixed}, not {answer.ap_fixed}"
        raise InputError(msg)


def _must_hold(form: Fixed, raw: NDArray[np.int64], fraction: int, what: str) -> None:
    """InputError unless every value is kept as it is."""
    values = np.ldexp(raw.astype(np.float64), -fraction)
    if (form.to_float(form.quantise(values)) != values).any():
        msg = f"{what} do not fit into {form.ap_fixed}"
        raise InputError(msg)


def _must_hold_sums(form: Fixed, layer: CodesignLayer, name: str) -> None:
    """InputError unless the type has all bits of the sums behind the point that any input can set, and their sign."""
    weight, bias = layer.scaled
    lanes = np.where(layer.used, layer.lane_fraction - layer.fraction, 0)
    steps = [int(value) << int(lane) for row in weight for value, lane in zip(row, lanes, strict=True) if value] + bias.tolist()
    common = int(np.gcd.reduce(np.abs(np.array(steps, dtype=np.int64)))) if steps else 0
    needed = layer.sum_fraction - ((common & -common).bit_length() - 1 if common else 0)
    if form.fraction < needed or not form.signed:
        msg = f"sums of {name} must be signed with {needed} fraction bits, not {form.ap_fixed}"
        raise InputError(msg)


def _written_types(folder: Path, converted: Any) -> dict[str, dict[str, str]]:
    """Types of the dense layers as they stand in the project's `defines.h`."""
    text = (folder / "firmware" / "defines.h").read_text(encoding="utf-8")
    named = {alias: kind for kind, alias in re.findall(r"typedef\s+(.+?)\s+(\w+);", text)}
    types: dict[str, dict[str, str]] = {}
    for layer in converted.get_layers():
        kinds = {"weight": "weight_t", "bias": "bias_t", "accum": "accum_t", "result": "result_t"}
        found = {kind: layer.attributes.get(attribute) for kind, attribute in kinds.items()}
        if found["weight"] is None:
            continue
        types[layer.name] = {kind: _spelled(named, value.name) for kind, value in found.items() if value is not None}
    return types


def _spelled(named: dict[str, str], alias: str) -> str:
    """The ap_fixed text behind a type name."""
    kind = named[alias]
    while kind.startswith("nnet::array<"):
        kind = kind[len("nnet::array<") : kind.rindex(",")].strip()
    return kind
