"""What one look at the machine brought to light."""

from typing import NamedTuple


class Finding(NamedTuple):
    """A row of the doctor's table.

    Attributes:
        subject: what was looked at.
        found: what is there.
        fits: whether it does; None for what mmtin runs without.
        remedy: what mends it, as a line for a shell; ``''`` for nothing to mend.
    """

    subject: str
    found: str
    fits: bool | None = True
    remedy: str = ''


def reason_of(error: BaseException) -> str:
    """The first line of what an error says; those of a linker are long."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
