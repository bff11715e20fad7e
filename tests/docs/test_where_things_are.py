"""The pages that tell where things are name files that exist."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent.name for path in ROOT.glob('mmtin/*/__init__.py'))
GUIDES = [
    ROOT / 'CONTRIBUTING.md',
    *sorted(path for folder in ('mmtin', 'tools') for path in (ROOT / folder).rglob('README.md')),
]


@pytest.mark.parametrize('guide', GUIDES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_place_that_a_guide_names_is_there(guide):
    text = re.sub(r'```.*?```', '', guide.read_text(), flags=re.DOTALL)
    named = re.findall(r'`([\w./-]+(?:/|\.(?:py|md|yml|toml|sh)))`', text)
    named = [name for name in named if not re.search(r'NAME|^\.ci', name)]
    assert named
    folders = (ROOT, guide.parent, ROOT / 'tools', ROOT / 'mmtin', ROOT / 'tests/configs')
    assert [name for name in named if not any((folder / name).exists() for folder in folders)] == []


@pytest.mark.parametrize('page', ['README.md', 'CONTRIBUTING.md'])
def test_every_room_is_in_the_table(page):
    text = (ROOT / page).read_text()
    assert [room for room in ROOMS if not re.search(rf'^\|.*`(mmtin/)?{room}`', text, re.MULTILINE)] == []


def test_import_paths_that_moved_are_there_now():
    section = (ROOT / 'CHANGELOG.md').read_text().split('### Import paths that moved')[1].split('###')[0]
    now = [
        name
        for row in section.splitlines()
        for name in re.findall(r'`(mmtin[\w.]*)`', row[row.rfind('| `') :])
    ]
    assert len(now) > 15
    assert [name for name in now if importlib.util.find_spec(name) is None] == []


def test_a_commit_is_checked_as_continuous_integration_does():
    (repository,) = yaml.safe_load((ROOT / '.pre-commit-config.yaml').read_text())['repos']
    commands = [hook['entry'].split()[0] for hook in repository['hooks']]
    test = (ROOT / 'tools/test.sh').read_text()
    assert set(commands) == set(re.findall(r'^\.venv/bin/[\w-]+', test, re.MULTILINE))
