"""KLM trigger in layer-count mode: sectors with enough distinct layers; counts of fired sectors and back-to-back flags of any mode.

Ref: basf2 trg/klm klmtrgLayerCounter and KLMTriggerModule (read in public source) [SIM]. `trigger.klm_line` has the other mode.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.ecl.layout import DecisionField
from trigger.events import validate
from trigger.geometry.klm import FIRST_SECTOR, N_LAYERS, N_SECTORS, SECTORS

N_BKLM = SECTORS[0] + SECTORS[1]


def _field(name: str, width: int, meaning: str, length: int = 1) -> DecisionField:
    return DecisionField(name=f"klm_{name}", length=length, width=width, signed=False, meaning=meaning)


DECISION_FIELDS = (
    _field("fired", 1, "sectors with enough layers, section by section", N_SECTORS),
    _field("n_bklm", N_BKLM.bit_length(), "fired sectors of the barrel"),
    _field("n_eklm", (N_SECTORS - N_BKLM).bit_length(), "fired sectors of the endcaps"),
    _field("hit", 1, "any sector of the barrel fired"),
    _field("eklm_hit", 1, "any sector of the endcaps fired"),
    _field("b2b", 1, "a sector fired in both sections of the barrel"),
    _field("eklm_b2b", 1, "a sector fired in both sections of the endcaps"),
)
"""What the KLM trigger answers, field by field."""


@dataclass(frozen=True, kw_only=True)
class KlmParameters:
    """A sector fires with hits in at least `min_layers` distinct layers among `first_layer` .. `last_layer` (from 0, inclusive).

    Source: the parameter payload in the repository has 5 layers and "2:16", which the module of 2020 takes as 2..15, from 0
    (ImportKLMTriggerParameters.py, KLMTriggerModule.cc) [SIM]; later code joins it with layer and plane (`unverified`). The
    module's own default is 8 layers. Layers beyond the last one that exists never hit.
    """

    min_layers: int = 5
    first_layer: int = 2
    last_layer: int = 15

    def __post_init__(self) -> None:
        if not 1 <= self.min_layers <= N_LAYERS:
            msg = f"min_layers must be 1..{N_LAYERS}, not {self.min_layers}"
            raise ValueError(msg)
        if not 0 <= self.first_layer <= self.last_layer <= N_LAYERS:
            msg = f"layers must be 0 <= first <= last <= {N_LAYERS}, not {self.first_layer} and {self.last_layer}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, eq=False)
class KlmDecision:
    """Answer of the KLM trigger, arrays of n events.

    Attributes:
        klm_fired: uint8 (n, 24), sectors that fired: BKLM backward 0-7, BKLM forward 0-7, EKLM backward 0-3, EKLM forward 0-3.
        klm_n_bklm, klm_n_eklm: uint8 (n,), fired sectors of both sections (0..16 and 0..8).
        klm_hit, klm_eklm_hit: uint8 (n,), any sector.
        klm_b2b, klm_eklm_b2b: uint8 (n,), a sector fired in both sections.
    """

    klm_fired: NDArray[np.uint8]
    klm_n_bklm: NDArray[np.uint8]
    klm_n_eklm: NDArray[np.uint8]
    klm_hit: NDArray[np.uint8]
    klm_eklm_hit: NDArray[np.uint8]
    klm_b2b: NDArray[np.uint8]
    klm_eklm_b2b: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.klm_hit)

    def arrays(self) -> dict[str, NDArray]:
        """Return the fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def decide(fired: NDArray) -> KlmDecision:
    """Return the decision on events whose sectors fired; fired: bool (n, 24), in the order of `KlmDecision`."""
    backward, forward, eklm_backward, eklm_forward = (part.sum(axis=1) for part in np.split(fired, FIRST_SECTOR[1:], axis=1))
    n_bklm, n_eklm = backward + forward, eklm_backward + eklm_forward
    return KlmDecision(
        klm_fired=fired.astype(np.uint8),
        klm_n_bklm=n_bklm.astype(np.uint8),
        klm_n_eklm=n_eklm.astype(np.uint8),
        klm_hit=(n_bklm > 0).astype(np.uint8),
        klm_eklm_hit=(n_eklm > 0).astype(np.uint8),
        klm_b2b=((backward > 0) & (forward > 0)).astype(np.uint8),
        klm_eklm_b2b=((eklm_backward > 0) & (eklm_forward > 0)).astype(np.uint8),
    )


class KlmTrigger:
    """Bit-accurate model of the KLM trigger in layer-count mode for one set of parameters."""

    def __init__(self, parameters: KlmParameters | None = None) -> None:
        self.parameters = parameters or KlmParameters()

    def run(self, offsets: ArrayLike, section: ArrayLike, sector: ArrayLike, layer: ArrayLike) -> KlmDecision:
        """Return the decision of every event; hits are CSR, in any order, repeated layers count once.

        Raises:
            InputError: wrong length, or section, sector or layer out of range; names field, first bad event and reason.
        """
        given = {"klm_offsets": offsets, "klm_section": section, "klm_sector": sector, "klm_layer": layer}
        hits = validate({name: np.asarray(array) for name, array in given.items()}, "KlmTrigger.run", required=tuple(given))
        n_events = len(hits["klm_offsets"]) - 1
        event = np.repeat(np.arange(n_events), np.diff(hits["klm_offsets"]))
        place = np.array(FIRST_SECTOR)[hits["klm_section"]] + hits["klm_sector"]
        layers = np.zeros((n_events, N_SECTORS, N_LAYERS), dtype=bool)
        layers[event, place, hits["klm_layer"]] = True
        p = self.parameters
        fired = layers[:, :, p.first_layer : p.last_layer + 1].sum(axis=2) >= p.min_layers
        return decide(fired)
