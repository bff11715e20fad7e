"""Digests, by which a later run sees whether something is the same as before."""

import hashlib
import json
from pathlib import Path


def digest(content: object) -> str:
    """The first characters of the SHA-256 of something that JSON can hold."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_of_file(path: str | Path) -> str:
    """The SHA-256 of a file, or the text of its address if there is no such file here."""
    if not Path(path).is_file():
        return str(path)
    hashed = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()
