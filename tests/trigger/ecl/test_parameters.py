"""ETM parameters: the published list, exact values, strict TOML."""

from fractions import Fraction
from pathlib import Path

import pytest

from trigger.ecl.parameters import EclParameters, declared_parameters
from trigger.errors import InputError


def test_there_are_92_keys() -> None:
    keys = [declaration.key for declaration in declared_parameters()]
    assert len(keys) == len(set(keys)) == 92


def test_published_values() -> None:
    p = EclParameters.default()
    assert p["hie"] == 1
    assert p["taub2b2_cl_e_all"] == Fraction(162, 1000)
    assert p["lml13_theta_id"] == 2016
    assert p["adc2energy"] == Fraction(5231, 1000000)


def test_floats_mean_the_decimal_that_they_print_as() -> None:
    assert EclParameters.default().replace(hie=0.1)["hie"] == Fraction(1, 10)


def test_toml_changes_single_keys(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("lml_cl_e_cms_3 = 0.4\nlml12_ncl = 2\n", encoding="utf-8")
    p = EclParameters.from_toml(file)
    assert p.changed() == {"lml_cl_e_cms_3": Fraction(2, 5), "lml12_ncl": Fraction(2)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("lml_cl_e_cm_3 = 0.4", "did you mean 'lml_cl_e_cms_3'"),
        ("hie = 'high'", "finite number"),
        ("hie = true", "must be a number"),
        ("hie = nan", "finite number"),
        ("hie = -1", r"0\.\.10000"),
        ("lml00_ncl = 1.5", "integer"),
        ("lml13_theta_id = 131072", r"0\.\.131071"),
        ("hie = ", "not a readable TOML"),
    ],
)
def test_bad_toml(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=reason) as caught:
        EclParameters.from_toml(file)
    assert "bad.toml" in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none.toml"):
        EclParameters.from_toml(tmp_path / "none.toml")


def test_unknown_key_in_replace_and_lookup() -> None:
    with pytest.raises(InputError, match="unknown ETM parameter"):
        EclParameters.default().replace(hiee=1)
    with pytest.raises(KeyError):
        EclParameters.default()["hiee"]


def test_items_must_be_complete() -> None:
    with pytest.raises(ValueError, match="92"):
        EclParameters(items=(("hie", Fraction(1)),))


def test_equal_by_value() -> None:
    assert EclParameters.default() == EclParameters.default().replace(hie=1)
    assert hash(EclParameters.default()) == hash(EclParameters.default().replace(hie="1.0"))
