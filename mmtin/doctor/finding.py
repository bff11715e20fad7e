"""The finding of one check."""

from typing import NamedTuple


class Finding(NamedTuple):
    """A row of the doctor's table.

    Attributes:
        subject: what was checked.
        found: what is there.
        fits: whether it fits; None if mmtin runs without it.
        remedy: a line for a shell that mends it, ``''`` if there is nothing to mend.
    """

    subject: str
    found: str
    fits: bool | None = True
    remedy: str = ''


def reason_of(error: BaseException) -> str:
    """The first line of an error's message; those of a linker are long."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
