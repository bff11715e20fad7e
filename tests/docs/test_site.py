"""The site builds without a warning, loads nothing from other servers, and quotes the code correctly."""

import ast
import re
import runpy
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / 'docs'
pages = runpy.run_path(str(DOCS / 'site/pages.py'))


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp('site')
    built = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '--strict', '-f', DOCS / 'site/mkdocs.yml', '-d', folder],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    return folder


class Requests(HTMLParser):
    """What a browser fetches by itself when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        name = {'script': 'src', 'img': 'src', 'iframe': 'src', 'link': 'href', 'source': 'src'}.get(tag)
        if name and attributes.get('rel') != 'canonical' and attributes.get(name):
            self.addresses.append(attributes[name])


def test_every_page_has_its_place(site):
    for page in (DOCS / 'guides').glob('*.md'):
        assert (site / 'guides' / page.stem / 'index.html').is_file()
    home = (site / 'index.html').read_text()
    for page in ('commands/predict', 'data', 'reference/ops', 'rooms/tools', 'errors'):
        assert f'href="{page}/"' in home, page


def test_readme_is_read_in_one_go():
    assert len((ROOT / 'README.md').read_text().splitlines()) <= 150


def test_notebook_is_a_page_with_its_pictures(site):
    page = (site / 'notebooks/clips_to_network/index.html').read_text()
    pictures = re.findall(r'src="(\S+\.png)"', page)
    assert len(pictures) == 2
    assert all((site / 'notebooks/clips_to_network' / picture).is_file() for picture in pictures)
    assert 'href="../../notebooks/clips_to_network/"' in (site / 'guides/hour/index.html').read_text()


def test_no_page_asks_another_machine(site):
    for page in site.rglob('*.html'):
        requests = Requests()
        requests.feed(page.read_text())
        assert requests.addresses
        assert [name for name in requests.addresses if re.match(r'(https?:)?//', name)] == [], page
    for style in site.rglob('*.css'):
        assert not re.search(r'@import|url\(["\']?(https?:)?//', style.read_text()), style


def test_reference_has_what_is_public(site):
    from mmtin import export, models, ops, peers, prediction

    for module in (ops, models, peers, prediction, export):
        html = (site / 'reference' / module.__name__.removeprefix('mmtin.') / 'index.html').read_text()
        missing = [name for name in module.__all__ if f'.{name}"' not in html]
        assert not missing, f'{module.__name__}: {missing}'


def texts(source: str) -> str:
    """Every text in a source, with ... for the parts that it fills in."""
    return '\n'.join(
        pages['_text'](node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)
    )


def test_troubleshooting_quotes_what_is_said():
    guide = (DOCS / 'guides/troubleshooting.md').read_text()
    of_ours = re.sub(
        r'## Installing\n.*?(?=\n## )|## Several processes\n.*?(?=\n## )', '', guide, flags=re.DOTALL
    )
    quoted = [
        name
        for row in re.findall(r'^\| (.*?) \|', of_ours, re.MULTILINE)
        for name in re.findall('`(.*?)`', row)
    ]
    assert len(quoted) > 30
    said = '\n'.join(texts(path.read_text()) for path in (ROOT / 'mmtin').rglob('*.py'))
    said += '\n'.join(texts(path.read_text()) for path in (ROOT / 'tools').glob('*.py'))
    wrong = [
        quote
        for quote in quoted
        if not re.search('.*'.join(re.escape(part.strip()) for part in quote.split('...')), said)
    ]
    assert wrong == []


def test_errors_page_has_the_sentences():
    page = pages['errors_page']()
    assert '- `no ... at ...; check the path`' in page
    assert len(re.findall('^- `', page, re.MULTILINE)) > 150
