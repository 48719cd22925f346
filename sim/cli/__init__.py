"""The `darktrigger` command: one verb per module of this package.

A module `verb.py` has `register(app)`, which adds its command with an example as `epilog`, and imports what the work needs
inside the command, so that `darktrigger --help` is quick and works without the extras. Modules with a leading underscore
are no verbs.
"""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sim.cli._extras import EXTRA_OF
from trigger import __version__
from trigger.errors import InputError

if TYPE_CHECKING:
    import typer

EXIT_BAD_INPUT, EXIT_INTERRUPTED = 2, 130


def main() -> None:
    """Run the command line; the process ends with 0, 1 (a comparison failed), 2 (bad input) or 130 (interrupted)."""
    _guard(lambda: build_app()())()


def build_app() -> typer.Typer:
    """The application with every verb."""
    import typer  # here: without the extra `sim` the user is told what to install

    app = typer.Typer(
        help="Bit-accurate emulator of the Belle II Level-1 trigger for low-multiplicity physics.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback(invoke_without_command=True)
    def version(show: bool = typer.Option(False, "--version", help="Show the version and leave.", is_eager=True)) -> None:
        if show:
            typer.echo(f"darktrigger {__version__}")
            raise typer.Exit

    for verb in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        if not verb.startswith("_"):
            importlib.import_module(f"{__name__}.{verb}").register(app)
    _guard_all(app)
    return app


def _guard_all(app: typer.Typer) -> None:
    for command in app.registered_commands:
        if command.callback is not None:
            command.callback = _guard(command.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _guard_all(group.typer_instance)


def _guard(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with one line on the error stream and an exit status in place of a traceback."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except BrokenPipeError:  # the reader of the output (`head`) has left: nothing is wrong
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except (InputError, OSError) as error:
            reason, status = f"error: {error}", EXIT_BAD_INPUT
        except KeyboardInterrupt as error:
            reason, status = str(error) or "interrupted", EXIT_INTERRUPTED
        except ModuleNotFoundError as error:
            extra = EXTRA_OF.get((error.name or "").partition(".")[0])
            if extra is None:
                raise
            install = f"install it with: pip install 'darktrigger[{extra}]'"
            reason, status = f"error: this needs {error.name}, of the extra '{extra}'; {install}", EXIT_BAD_INPUT
        print(reason, file=sys.stderr)
        sys.exit(status)

    return guarded
