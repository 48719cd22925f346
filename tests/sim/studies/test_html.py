"""The page is one file, escapes what it is given, and links to nothing."""

import re

import pytest

from sim.studies import html
from sim.studies.tables import Table
from trigger.errors import InputError

TABLE = Table(name="t", title="t", columns=("line", "n", "eff"), rows=(("lml6 <b>", 12345, 0.98765), ("x", 0, None)))


def test_cells_headings_and_escapes():
    page = html.table(TABLE, "line", "n=events", "eff")
    assert re.findall("<th(?: [^>]*)?>(.*?)</th>", page) == ["line", "events", "eff"]
    assert "lml6 &lt;b&gt;" in page
    assert "12,345" in page
    assert "0.9877" in page
    assert "–" in page


def test_unknown_column_is_refused():
    with pytest.raises(ValueError, match="tuple"):
        html.table(TABLE, "missing")


def test_page_is_self_contained(tmp_path):
    picture = tmp_path / "p.png"
    picture.write_bytes(b"\x89PNG")
    sections = [
        html.section("A & B", html.text("two\n  lines"), html.picture(picture, "it's"), html.details("more", html.code("a < b")))
    ]
    tiles = [html.Tile(value="0", label="differ", good=True)]
    path = html.write_page(tmp_path / "r.html", "Title", "lead", tiles, sections, "foot")
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "http" not in page
    assert "<script" not in page
    assert re.findall('src="([^"]{0,21})', page) == ["data:image/png;base64"]
    assert "href" not in page
    assert "two lines" in page
    assert "A &amp; B" in page
    assert 'class="tile good"' in page
    assert "a &lt; b" in page


def test_unwritable_place_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        html.write_page(tmp_path / "no" / "r.html", "t", "l", [], [], "f")
