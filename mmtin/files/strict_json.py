"""JSON that every program reads."""

import json
from typing import Any


def to_json(content: object, **options: Any) -> str:
    """Content as JSON, with the options of :func:`json.dumps`.

    Raises:
        ValueError: if a number is NaN or infinite, which JSON does not know.
    """
    return json.dumps(content, allow_nan=False, **options)
