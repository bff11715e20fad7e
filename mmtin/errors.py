"""Errors that are written for the person at the terminal."""

import errno

# What the system says of a full disk, or of a user's share of it.
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class UserError(ValueError):
    """Wrong input: the text is one sentence that says what was expected, what came and what to do.

    Commands print it without a traceback and exit with status 1.
    """
