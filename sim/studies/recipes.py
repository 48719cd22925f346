"""All studies that can be counted in parts, by the verb that they are asked for with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.studies.asked import VERB, Asked
from sim.studies.recipe import Recipe
from sim.studies.sample_recipes import DisplacedRecipe, PhotonRecipe, RateRecipe, TrackRecipe
from trigger.errors import InputError

RECIPES: tuple[type[Asked[Any]], ...] = (Recipe, PhotonRecipe, TrackRecipe, DisplacedRecipe, RateRecipe)


def recipe_of(values: Mapping[str, Any]) -> Asked[Any]:
    """The options that `Asked.to_json` wrote; InputError for anything else."""
    for kind in RECIPES:
        if values.get(VERB) == kind.verb:
            return kind.from_json(values)
    known = ", ".join(kind.verb for kind in RECIPES)
    msg = f"not the options of a study: {VERB} must be one of {known}, not {values.get(VERB)!r}"
    raise InputError(msg)
