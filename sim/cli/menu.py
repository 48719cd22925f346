"""`darktrigger menu`: look at trigger menus, check a file, compare two, import the experiment's, write the register map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import _rates

if TYPE_CHECKING:
    from trigger.menu import Menu

MenuName = Annotated[str, typer.Option("--menu", help="Shipped menu or a TOML file.")]
PeriodName = Annotated[str | None, typer.Option("--period", help="Run period whose prescales are shown; the first by default.")]


def register(app: typer.Typer) -> None:
    """Add the group of verbs."""
    group = typer.Typer(
        no_args_is_help=True, help="Trigger menus: look at one, check a file, compare two, import one, rates of all lines."
    )
    group.command("list", epilog="Example: darktrigger menu list --menu exp16 --period e18r781")(list_lines)
    group.command("show", epilog="Example: darktrigger menu show lml6")(show)
    group.command("check", epilog="Example: darktrigger menu check mine.toml")(check)
    group.command("diff", epilog="Example: darktrigger menu diff exp16 mine.toml")(diff)
    group.command(
        "import", epilog="Example: darktrigger menu import --inputs ftd.inp --algorithm ftd.alg --outputs ftd.oup --out my.toml"
    )(import_ftdl)
    group.command("registers", epilog="Example: darktrigger menu registers --period e18r781 --out registers.h")(registers)
    _rates.register(group)
    app.add_typer(group, name="menu", epilog="Example: darktrigger menu show lml6")


def list_lines(menu: MenuName = "exp16", period: PeriodName = None) -> None:
    """Print every line with its condition, and its prescale in one period (0: masked)."""
    from trigger.menu import load_menu, shipped_menus

    loaded = load_menu(menu)
    prescales = _prescales(loaded, period)
    typer.echo(f"{loaded.name}: {loaded.description}" if loaded.description else loaded.name)
    typer.echo(f"digest {loaded.digest}; shipped menus: {', '.join(shipped_menus())}")
    for position, (line, prescale) in enumerate(zip(loaded.lines, prescales, strict=True)):
        typer.echo(f"{position:4d}  {line.name:<12}{prescale:>8}  {line.text}")


def show(
    line: Annotated[str, typer.Argument(help="Name of the line.")],
    menu: MenuName = "exp16",
) -> None:
    """Print one line: condition, the inputs that it reads with their definitions and fields, prescales of all periods."""
    import difflib

    from trigger.errors import InputError
    from trigger.menu import load_menu
    from trigger.menu.condition import positions
    from trigger.menu.filling import source_in_words

    loaded = load_menu(menu)
    if line not in loaded.line_names:
        close = difflib.get_close_matches(line, loaded.line_names, n=1)
        msg = f"menu {loaded.name} has no line {line!r}" + (f"; did you mean {close[0]!r}?" if close else "")
        raise InputError(msg)
    found = loaded.line(line)
    typer.echo(f"{line}: {found.text}")
    used = positions(found.condition)
    for item in loaded.inputs:
        if used.intersection(item.bits):
            bits = ("bit " if len(item.bits) == 1 else "bits ") + ", ".join(map(str, item.bits))
            typer.echo(f"  {item.name} ({bits}; {item.encoding.value}; {item.driver.value}): {item.definition}")
            typer.echo(f"    {source_in_words(item)}")
    place = loaded.line_names.index(line)
    for each in loaded.periods:
        typer.echo(f"  prescale {each.prescales[place]} in {each.name} ({each.source})")


def check(menu: Annotated[str, typer.Argument(metavar="FILE", help="Menu file.")]) -> None:
    """Read a menu file; print what it holds and warn of lines that are always true or always false."""
    loaded = _checked(menu)
    n_bits = sum(len(item.bits) for item in loaded.inputs)
    typer.echo(f"{menu}: {len(loaded.lines)} lines, {n_bits} input bits, {len(loaded.periods)} periods, digest {loaded.digest}")


def _checked(menu: str | Path, *, shown: bool = True) -> Menu:
    """The menu of a file; its warnings go to the screen if they are shown."""
    import warnings

    from trigger.menu import ConstantLineWarning, load_menu

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConstantLineWarning)
        loaded = load_menu(menu)
    for warning in caught if shown else ():
        typer.echo(f"warning: {warning.message}", err=True)
    return loaded


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="Shipped menu or a TOML file.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Shipped menu or a TOML file.")],
) -> None:
    """Print the lines that two menus do not share: added, removed, changed in condition; then prescales of shared periods."""
    from trigger.menu import load_menu

    one, two = load_menu(first), load_menu(second)
    for name in one.line_names:
        if name not in two.line_names:
            typer.echo(f"- {name}: {one.line(name).text}")
        elif one.line(name).condition != two.line(name).condition:
            typer.echo(f"~ {name}: {one.line(name).text}  ->  {two.line(name).text}")
    for name in two.line_names:
        if name not in one.line_names:
            typer.echo(f"+ {name}: {two.line(name).text}")
    for period in sorted({p.name for p in one.periods} & {p.name for p in two.periods}):
        before = dict(zip(one.line_names, one.period(period).prescales, strict=True))
        after = dict(zip(two.line_names, two.period(period).prescales, strict=True))
        for name in before:
            if name in after and before[name] != after[name]:
                typer.echo(f"~ {period} {name}: prescale {before[name]} -> {after[name]}")
    if one.digest == two.digest:
        typer.echo("the same: inputs, conditions and prescales are equal")


def import_ftdl(
    inputs: Annotated[Path, typer.Option(help="Input list: rows 'position name'.")],
    algorithm: Annotated[Path, typer.Option(help="Algorithm: a sum of products of input positions per row.")],
    outputs: Annotated[Path, typer.Option(help="Output list: rows 'position name'.")],
    out: Annotated[Path, typer.Option(help="Menu file to write (.toml).")],
    prescales: Annotated[Path | None, typer.Option(help="Prescales: rows 'line prescale', 0 masks.")] = None,
    known: Annotated[str, typer.Option(help="Menu whose inputs lend encoding and driver to bits of the same names.")] = "exp16",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
) -> None:
    """Make a menu file from the FTDL files of the experiment; the file is checked before it is kept.

    Bits that no menu knows become flags that are passed through. The table of prescales has no public form; the one above is ours.
    """
    from sim.files import atomic, check_output
    from trigger.menu import load_menu
    from trigger.menu.importer import FtdlFiles, import_menu

    check_output(out, overwrite=overwrite, suffixes=(".toml",))
    files = FtdlFiles(inputs=inputs, algorithm=algorithm, outputs=outputs, prescales=prescales)
    text = import_menu(files, out.stem, load_menu(known))
    with atomic(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
        _checked(temporary, shown=False)
    typer.echo(f"{len(_checked(out).lines)} lines -> {out}")


def registers(
    out: Annotated[Path, typer.Option(help="File to write: .json, or .h for C.")],
    menu: MenuName = "exp16",
    period: PeriodName = None,
    parameters: Annotated[Path | None, typer.Option(help="TOML file that changes ETM parameters.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
) -> None:
    """Write the register map: addresses, widths and declared values of thresholds, masks and prescales.

    Equal declarations give equal bytes. The layout is ours; the experiment's is not public.
    """
    from sim.files import atomic, check_output
    from trigger.ecl.parameters import EclParameters
    from trigger.ecl.thresholds import EclThresholds
    from trigger.menu import Period, load_menu
    from trigger.registers import c_header_text, json_text, register_map

    writers = {".json": json_text, ".h": c_header_text}
    check_output(out, overwrite=overwrite, suffixes=tuple(writers))
    loaded = load_menu(menu)
    chosen = Period(name=period or "", source="", prescales=_prescales(loaded, period))
    etm = EclParameters.default() if parameters is None else EclParameters.from_toml(parameters)
    made = register_map(ecl=EclThresholds.from_parameters(etm), menu=loaded, period=chosen)
    with atomic(out) as temporary:
        temporary.write_text(writers[out.suffix](made), encoding="utf-8")
    typer.echo(f"{len(made.registers)} registers -> {out}; digest {made.digest}")


def _prescales(menu: Menu, period: str | None) -> tuple[int, ...]:
    from trigger.errors import InputError

    if period is None:
        return menu.periods[0].prescales if menu.periods else (1,) * len(menu.lines)
    try:
        return menu.period(period).prescales
    except KeyError as error:
        raise InputError(error.args[0]) from error
