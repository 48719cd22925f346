"""Tables keep their values, their stamp and their shape on the way to disk and back."""

import json

import pytest

from sim.studies.tables import Table, as_text, read, write, write_atomically
from trigger.errors import InputError

TABLE = Table(
    name="turn_on",
    title="Turn-on",
    columns=("line", "e50", "n"),
    rows=(("lml6", 1.0125, 7), ("lml13", float("nan"), 0)),
    notes=("a note",),
    stamp={"seed": 7, "digest": "ab"},
)


def test_csv_and_json(tmp_path):
    csv_path, json_path = write(TABLE, tmp_path)
    lines = csv_path.read_text(encoding="utf-8").splitlines()
    assert lines == ["# Turn-on", "# a note", "# seed: 7", '# digest: "ab"', "line,e50,n", "lml6,1.0125,7", "lml13,,0"]
    assert json.loads(json_path.read_text(encoding="utf-8"))["rows"] == [["lml6", 1.0125, 7], ["lml13", None, 0]]
    again = read(json_path)
    assert again.rows == (("lml6", 1.0125, 7), ("lml13", None, 0))
    assert again.stamp == TABLE.stamp
    assert sorted(p.name for p in tmp_path.iterdir()) == ["turn_on.csv", "turn_on.json"]


def test_rows_must_fit_the_columns():
    with pytest.raises(ValueError, match="3 values, not 1"):
        Table(name="x", title="x", columns=("a", "b", "c"), rows=((1,),))


def test_columns_and_choice_of_rows():
    assert TABLE.column("n") == [7, 0]
    assert TABLE.where(line="lml13").rows[0][2] == 0
    with pytest.raises(ValueError, match="not in tuple"):
        TABLE.column("missing")


def test_text_for_a_terminal():
    assert as_text(TABLE, ("line", "e50")).splitlines() == [" line    e50", " lml6  1.012", "lml13      -"]


def test_foreign_file_is_refused(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="not a table"):
        read(path)


def test_unwritable_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path / "missing" / "x.csv", "text")
