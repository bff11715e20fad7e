"""The code that stands in the texts of the project, as a reader copies it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob('*.md'), *(ROOT / 'docs').rglob('*.md'), *(ROOT / 'data').glob('*.md')])


def blocks(page: Path, language: str) -> list[str]:
    """The code of a language in a page, block by block, from the first on."""
    return re.findall(rf'^```{language}\n(.*?)^```', page.read_text(), re.DOTALL | re.MULTILINE)


def run_python(page: str, names: dict | None = None, only: slice = slice(None)) -> dict:
    """Run the Python of a page in this process and the current folder, as one program.

    Args:
        page: its path from docs/.
        names: what the reader has at hand, such as a batch of clips.
        only: which blocks.

    Returns:
        the names that the program leaves.
    """
    names = {'__name__': '__main__', **(names or {})}
    for code in blocks(ROOT / 'docs' / page, 'python')[only]:
        exec(compile(code, page, 'exec'), names)
    return names
