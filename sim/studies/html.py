"""One self-contained HTML page from sections of text, tables and pictures: no script, no link, images inside."""

import base64
import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.studies.tables import Table, Value, write_atomically

_CSS = """
:root { --ink: #1f2430; --muted: #6b7280; --line: #e3e6eb; --accent: #0072b2; --good: #00734f; --bad: #b3261e; --guess: #fff4d6; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #f6f7f9; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 2rem; margin: 0 0 .3rem; letter-spacing: -.01em; }
h2 { font-size: 1.3rem; margin: 0 0 .6rem; }
p { margin: .5rem 0 .9rem; max-width: 80ch; }
section { background: #fff; border: 1px solid var(--line); border-radius: 12px; padding: 1.4rem 1.6rem; margin: 1.2rem 0; }
.lead { font-size: 1.08rem; color: var(--muted); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: .9rem; margin: 1.4rem 0; }
.tile { background: #fff; border: 1px solid var(--line); border-radius: 12px; padding: .9rem 1.1rem; }
.tile b { display: block; font-size: 1.45rem; line-height: 1.2; }
.tile span { color: var(--muted); font-size: .9rem; }
.good b { color: var(--good); } .bad b { color: var(--bad); }
figure { margin: 1rem 0 .4rem; } figure img { width: 100%; height: auto; display: block; }
figcaption { color: var(--muted); font-size: .92rem; margin-top: .3rem; max-width: 90ch; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; margin: .6rem 0; width: 100%; }
th, td { padding: .34rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
td { font-variant-numeric: tabular-nums; }
th { color: var(--muted); font-weight: 600; } th.text, td.text { text-align: left; white-space: normal; }
tbody tr:hover { background: #fafbfc; }
.guess { background: var(--guess); border-radius: 8px; padding: .6rem .9rem; max-width: none; }
code, pre { font: .86rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
pre { background: #f6f7f9; border-radius: 8px; padding: .8rem 1rem; overflow-x: auto; }
details { margin: .6rem 0; } summary { cursor: pointer; color: var(--accent); }
footer { color: var(--muted); font-size: .88rem; margin-top: 2rem; }
"""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One number to see first; ``good`` colours it as a passed or failed check."""

    value: str
    label: str
    good: bool | None = None


def text(content: str) -> str:
    """A paragraph; line breaks of the content do not matter."""
    return f"<p>{html.escape(' '.join(content.split()))}</p>"


def guess(content: str) -> str:
    """A paragraph marked as resting on a guess."""
    return f'<p class="guess"><strong>Guess.</strong> {html.escape(" ".join(content.split()))}</p>'


def code(content: str) -> str:
    """Commands or other text as it is."""
    return f"<pre>{html.escape(content)}</pre>"


def picture(path: Path, caption: str) -> str:
    """A PNG file inside the page."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    label = html.escape(caption)
    return f'<figure><img alt="{label}" src="data:image/png;base64,{data}"><figcaption>{label}</figcaption></figure>'


def table(content: Table, *columns: str) -> str:
    """A table; ``columns`` are names, or ``name=heading``; all columns under their own names by default."""
    pairs = [column.partition("=") for column in columns or content.columns]
    chosen = [(name, heading or name.replace("_", " ")) for name, _, heading in pairs]
    values = [content.column(name) for name, _ in chosen]
    words = [all(isinstance(v, str) for v in column) for column in values]
    kind = [' class="text"' if is_text else "" for is_text in words]
    head = "".join(f"<th{c}>{html.escape(label)}</th>" for c, (_, label) in zip(kind, chosen, strict=True))
    rows = "".join(
        "<tr>" + "".join(f"<td{c}>{html.escape(_cell(v))}</td>" for c, v in zip(kind, row, strict=True)) + "</tr>"
        for row in zip(*values, strict=True)
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def details(summary: str, *parts: str) -> str:
    """Parts that open on a click."""
    return f"<details><summary>{html.escape(summary)}</summary>{''.join(parts)}</details>"


def _cell(value: Value) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else value


def section(title: str, *parts: str) -> str:
    """A titled box."""
    return f"<section><h2>{html.escape(title)}</h2>{''.join(parts)}</section>"


def write_page(path: Path, title: str, lead: str, tiles: Sequence[Tile], sections: Sequence[str], footer: str) -> Path:
    """Writes the page in one step; the path."""
    mark = {None: "", True: " good", False: " bad"}
    boxes = "".join(
        f'<div class="tile{mark[tile.good]}"><b>{html.escape(tile.value)}</b><span>{html.escape(tile.label)}</span></div>'
        for tile in tiles
    )
    body = (
        f'<main><h1>{html.escape(title)}</h1><p class="lead">{html.escape(lead)}</p><div class="tiles">{boxes}</div>'
        f"{''.join(sections)}<footer>{html.escape(footer)}</footer></main>"
    )
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_CSS}</style>"
    )
    write_atomically(path, f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n')
    return path
