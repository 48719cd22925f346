"""Modes of the KLM trigger by the names that the command line gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trigger.errors import InputError

if TYPE_CHECKING:
    from trigger.klm import KlmParameters
    from trigger.klm_line import KlmLineParameters

KLM_MODES = LAYERS, LINES = "layers", "lines"


def klm_parameters(mode: str) -> KlmParameters | KlmLineParameters:
    """Return the parameters of the KLM trigger in a mode; InputError for an unknown one."""
    from trigger.klm import KlmParameters
    from trigger.klm_line import KlmLineParameters

    if mode not in KLM_MODES:
        raise InputError(f"--klm-mode must be {' or '.join(KLM_MODES)}, not {mode!r}")
    return KlmLineParameters() if mode == LINES else KlmParameters()
