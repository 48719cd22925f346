"""Between trained network and integers: formats and weights are read out, held against the declared ceilings, and put back."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hls.networks import CodesignDesign, build, dense_layers
from trigger.cdc.neuro.codesign import CodesignLayer, CodesignNetwork
from trigger.errors import InputError

if TYPE_CHECKING:
    import keras


def freeze(model: "keras.Model", design: CodesignDesign) -> CodesignNetwork:
    """Return the integers of a trained network; InputError if a format is above the ceilings of its design or of the trigger."""
    return CodesignNetwork([_layer(layer, k, design) for k, layer in enumerate(dense_layers(model))], design.interface)


def thaw(network: CodesignNetwork) -> "keras.Model":
    """Return the Keras network of frozen integers: the same formats, weights and outputs."""
    widest = max(max(layer.weight_fraction, layer.bias_fraction) for layer in network.layers)
    model = build(CodesignDesign(interface=network.interface, hidden=network.hidden, weight_fraction=max(widest, 1)))
    for target, layer in zip(dense_layers(model), network.layers, strict=True):
        lanes = target.iq.quantizer
        for variable, bits in ((lanes._i, layer.integer), (lanes._f, layer.fraction)):
            variable.assign(bits.reshape(variable.shape).astype(np.float32))
        for quantizer, fraction in ((target.kq.quantizer, layer.weight_fraction), (target.bq.quantizer, layer.bias_fraction)):
            quantizer._f.assign(np.full(quantizer._f.shape, fraction, np.float32))
        target.kernel.assign(np.ldexp(layer.weight.T.astype(np.float32), -layer.weight_fraction))
        target.bias.assign(np.ldexp(layer.bias.astype(np.float32), -layer.bias_fraction))
    return model


def _layer(layer: Any, k: int, design: CodesignDesign) -> CodesignLayer:
    kept, integer, fraction = (np.asarray(part).astype(np.int64).ravel() for part in layer.iq.quantizer.kif)
    used = kept + integer + fraction > 0
    ceilings = (0, design.input_fraction) if k == 0 else (design.lane_integer, design.lane_fraction)
    for name, bits, ceiling in zip(("integer", "fraction"), (integer, fraction), ceilings, strict=True):
        if bits[used].max(initial=0) > ceiling:
            msg = f"{layer.name}: inputs must have at most {ceiling} {name} bits, not {bits[used].max()}"
            raise InputError(msg)
    weight, weight_fraction = _integers(np.asarray(layer.qkernel).T, f"weights of {layer.name}", design.weight_fraction)
    bias, bias_fraction = _integers(np.asarray(layer.qbias), f"biases of {layer.name}", design.weight_fraction)
    return CodesignLayer(
        integer=integer,
        fraction=fraction,
        signed=bool(kept.any()),
        weight=weight,
        weight_fraction=weight_fraction,
        bias=bias,
        bias_fraction=bias_fraction,
    )


def _integers(values: NDArray[np.floating], what: str, ceiling: int) -> tuple[NDArray[np.int64], int]:
    """Raw integers of values, and the fewest fraction bits that hold all of them."""
    for fraction in range(ceiling + 1):
        raw = np.ldexp(values.astype(np.float64), fraction)
        if (raw == np.rint(raw)).all():
            return raw.astype(np.int64), fraction
    msg = f"{what} must have at most {ceiling} fraction bits"
    raise InputError(msg)
