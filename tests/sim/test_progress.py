"""The progress bar: on a terminal it shows, elsewhere it is silent."""

import io

import pytest

from sim.progress import progress


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal(), True), (io.StringIO(), False)])
def test_bar_shows_on_a_terminal_alone(monkeypatch, stream, shown):
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with progress("emulate a.npz", 2000, done=500) as advance:
        advance(1500)
    assert ("2,000/2,000 events" in stream.getvalue()) is shown
    assert bool(stream.getvalue()) is shown
