"""The one error for bad user input."""


class InputError(ValueError):
    """Bad user input: the message says what is wrong, where (file, field, event or key) and why.

    The command line prints it without a traceback and exits with status 2.
    """
