"""Interrupts for the whole suite: a process started in the background of a shell ignores them, and so would all that it starts."""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
