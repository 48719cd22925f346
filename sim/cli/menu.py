"""`darktrigger menu`: look at trigger menus, check a file, compare two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trigger.menu import Menu

MenuName = Annotated[str, typer.Option("--menu", help="Shipped menu or a TOML file.")]
PeriodName = Annotated[str | None, typer.Option("--period", help="Run period whose prescales are shown; the first by default.")]


def register(app: typer.Typer) -> None:
    """Add the group of verbs."""
    group = typer.Typer(no_args_is_help=True, help="Look at trigger menus, check a file, compare two.")
    group.command("list", epilog="Example: darktrigger menu list --menu exp16 --period e18r781")(list_lines)
    group.command("show", epilog="Example: darktrigger menu show lml6")(show)
    group.command("check", epilog="Example: darktrigger menu check mine.toml")(check)
    group.command("diff", epilog="Example: darktrigger menu diff exp16 mine.toml")(diff)
    app.add_typer(group, name="menu", epilog="Example: darktrigger menu show lml6")


def list_lines(menu: MenuName = "exp16", period: PeriodName = None) -> None:
    """Print every line with its condition, and its prescale in one period (0: masked)."""
    from trigger.menu import load_menu, shipped_menus

    loaded = load_menu(menu)
    prescales = _prescales(loaded, period)
    typer.echo(f"{loaded.name}: {loaded.description}")
    typer.echo(f"digest {loaded.digest}; shipped menus: {', '.join(shipped_menus())}")
    for position, (line, prescale) in enumerate(zip(loaded.lines, prescales, strict=True)):
        typer.echo(f"{position:4d}  {line.name:<12}{prescale:>8}  {line.text}")


def show(
    line: Annotated[str, typer.Argument(help="Name of the line.")],
    menu: MenuName = "exp16",
) -> None:
    """Print one line: condition, the inputs that it reads with their definitions, prescales of all periods."""
    import difflib

    from trigger.errors import InputError
    from trigger.menu import load_menu
    from trigger.menu.condition import positions

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
            bits = ", ".join(map(str, item.bits))
            typer.echo(f"  {item.name} (bits {bits}; {item.encoding.value}; {item.driver.value}): {item.definition}")
    place = loaded.line_names.index(line)
    for each in loaded.periods:
        typer.echo(f"  prescale {each.prescales[place]} in {each.name} ({each.source})")


def check(menu: Annotated[str, typer.Argument(metavar="FILE", help="Menu file.")]) -> None:
    """Read a menu file; print what it holds and warn of lines that are always true or always false."""
    import warnings

    from trigger.menu import ConstantLineWarning, load_menu

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConstantLineWarning)
        loaded = load_menu(menu)
    for warning in caught:
        typer.echo(f"warning: {warning.message}", err=True)
    n_bits = sum(len(item.bits) for item in loaded.inputs)
    typer.echo(f"{menu}: {len(loaded.lines)} lines, {n_bits} input bits, {len(loaded.periods)} periods, digest {loaded.digest}")


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


def _prescales(menu: Menu, period: str | None) -> tuple[int, ...]:
    from trigger.errors import InputError

    if period is None:
        return menu.periods[0].prescales if menu.periods else (1,) * len(menu.lines)
    try:
        return menu.period(period).prescales
    except KeyError as error:
        raise InputError(error.args[0]) from error
