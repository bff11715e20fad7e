"""Errors that are written for the person at the terminal."""


class UserError(ValueError):
    """Wrong input: the text is one sentence that says what was expected, what came and what to do.

    Commands print it without a traceback and exit with status 1.
    """
