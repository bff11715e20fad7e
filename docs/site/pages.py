"""What mkdocs shows besides docs/: texts that stand elsewhere, and pages made from the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parents[2]
# Where a text of the repository stands on the site.
TEXTS = {
    'README.md': 'index.md',
    'data/README.md': 'data.md',
    'CONTRIBUTING.md': 'contributing.md',
    'CHANGELOG.md': 'changelog.md',
}
_LINK = re.compile(r'(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)#\s]+)(#[^)]*)?\)')
_ROLE = re.compile(r':(?:func|class|meth|mod|attr|data|exc):<code>~?(?:mmtin\.)?([^<]*)</code>')


def rooms() -> dict[str, str]:
    """The README of each room that people extend, and its page."""
    found = [path for top in ('mmtin', 'configs', 'tools') for path in (ROOT / top).rglob('README.md')]
    names = sorted(path.relative_to(ROOT).as_posix() for path in found)
    return {name: f'rooms/{"-".join(PurePosixPath(name).parts[:-1])}.md' for name in names}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the parts of the navigation that follow from the files."""
    lists = {
        'Commands': sorted(f'commands/{path.name}' for path in (ROOT / 'docs/commands').glob('*.md')),
        'Rooms': list(rooms().values()),
    }

    def fill(entries: list[Any]) -> None:
        for entry in entries:
            for title, value in entry.items() if isinstance(entry, dict) else ():
                if isinstance(value, list):
                    entry[title] = lists.get(title, value)
                    fill(entry[title])

    fill(config.nav or [])
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that have no file in docs/."""
    pages = TEXTS | rooms()
    for name, page in pages.items():
        text = _relinked((ROOT / name).read_text(), name, page, pages)
        if page == 'index.md':
            text = f'---\nhide: [navigation]\n---\n{text}'  # which would be a list of this page alone
        files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, 'errors.md', content=errors_page()))
    for notebook in sorted((ROOT / 'docs').rglob('*.ipynb')):
        page = notebook.relative_to(ROOT / 'docs').with_suffix('.md')
        text, pictures = notebook_page(notebook)
        files.append(File.generated(config, page.as_posix(), content=text))
        for name, data in pictures.items():
            files.append(File.generated(config, (page.parent / name).as_posix(), content=data))
    return files


def notebook_page(notebook: Path) -> tuple[str, dict[str, bytes]]:
    """A notebook with its outputs as Markdown, and the pictures that it links to by their names."""
    resources = {'unique_key': notebook.stem}  # begins the names of the pictures
    text, resources = MarkdownExporter().from_filename(notebook, resources)
    return text, resources['outputs']


def on_page_markdown(markdown: str, page: Any, files: Files, **_: object) -> str:
    """Name the files that a page of docs/ links to and that the site does not have."""
    if page.file.generated_by:
        return markdown
    source = f'docs/{page.file.src_uri}'
    return _relinked(markdown, source, page.file.src_uri, TEXTS | rooms())


def on_page_content(html: str, **_: object) -> str:
    """Show what a role such as :func:`name` names as plain code."""
    return _ROLE.sub(r'<code>\1</code>', html)


def _relinked(text: str, source: str, page: str, pages: dict[str, str]) -> str:
    """The text of the file ``source`` with its links as they are for the ``page``."""

    def target(match: re.Match) -> str:
        is_image, label, link, anchor = match.groups()
        path = Path(ROOT / source).parent.joinpath(link).resolve()
        name = path.relative_to(ROOT).as_posix()
        if path.is_dir() and (path / 'README.md').is_file():
            name += '/README.md'
        on_site = pages.get(name) or (name.removeprefix('docs/') if name.startswith('docs/') else None)
        if name.endswith('.ipynb') and on_site:
            on_site = str(PurePosixPath(on_site).with_suffix('.md'))
        if name == 'docs/commands':
            on_site = 'commands/train.md'
        if not path.exists():
            return match[0]  # mkdocs says that it is broken
        if on_site is None:
            return label if label.startswith('`') else f'{label} (`{name}`)'
        up = '../' * page.count('/')
        return f'{is_image}[{label}]({up}{on_site}{anchor or ""})'

    return _LINK.sub(target, text)


def sentences(source: str) -> Iterator[str]:
    """The text of each UserError that a source raises or returns, with ... for what it fills in."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'UserError' and node.args):
            continue
        text = _text(node.args[0])
        if len(re.sub(r'[^a-z]', '', text)) > 10:
            yield text


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return ''.join(map(_text, node.values))
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    return '...'


def errors_page() -> str:
    """Every sentence by which a wrong input is refused, by the file that says it."""
    parts = [
        "# Every error's sentence\n",
        'A wrong input ends in one of these sentences and a non-zero exit status. `...` stands for what is '
        'filled in. Most end with the remedy; [Troubleshooting](guides/troubleshooting.md) has causes.\n',
    ]
    for path in sorted([*(ROOT / 'mmtin').rglob('*.py'), *(ROOT / 'tools').glob('*.py')]):
        found = list(dict.fromkeys(sentences(path.read_text())))
        if found:
            parts.append(f'## {path.relative_to(ROOT).as_posix()}\n')
            parts += [f'- `{sentence.replace("`", chr(39))}`' for sentence in found]
            parts.append('')
    return '\n'.join(parts)
