"""Verilog of a component: the one place that writes it."""

import os
import tempfile
from pathlib import Path

import amaranth
from amaranth.back import verilog
from amaranth.lib import wiring

from trigger.digest import digest


def write_verilog(component: wiring.Component, path: str | Path, *, name: str, declarations: object) -> Path:
    """Write `component` as Verilog module `name` to `path` and return the path.

    The first line is a comment with the digest of `declarations`, everything that the component was built from. The file appears
    complete or not at all; missing folders are made. Equal components give equal files.
    """
    target = Path(path)
    text = verilog.convert(component, name=name, emit_src=False, strip_internal_attrs=True)
    header = f"// {name}: declarations {digest(declarations)}, Amaranth {amaranth.__version__}\n"
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(header + text)
        os.replace(scratch, target)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
    return target
