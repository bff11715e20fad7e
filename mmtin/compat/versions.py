"""The modules that mmtin needs, their distributions, and the versions that were tested.

Looked up without importing them. The ranges stand in pyproject.toml, which the metadata of the installed
package repeats.
"""

import importlib.metadata
import importlib.util
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

# The distributions of a module, if its name does not tell or there are several; the first is the one to
# install.
DISTRIBUTIONS = {
    'cv2': (
        'opencv-contrib-python',
        'opencv-contrib-python-headless',
        'opencv-python',
        'opencv-python-headless',
    ),
    'decord': ('decord', 'decord2'),
    'mmaction': ('mmaction2',),
    'mmcv': ('mmcv-lite', 'mmcv', 'onedl-mmcv'),
    'mmdet': ('mmdet', 'onedl-mmdetection'),
    'mmengine': ('mmengine', 'onedl-mmengine'),
}
# The extras bring an mmcv that MMAction2 takes by itself; `mmaction.accept_newer_mmcv` lets these fit too.
_ACCEPTED = {'mmcv': '<2.3,>=2.1', 'mmcv-lite': '<2.3,>=2.1'}
# Without these, or with untested versions, mmtin fails deep within one of them.
_CHECKED = ('torch', 'numpy', 'mmengine', 'mmcv', 'mmaction')


class Module(NamedTuple):
    """A module as it is installed.

    Attributes:
        name: of the module.
        distributions: the installed ones that contain it, with their versions.
        version: the one that counts; None if the module is not there.
        wanted: the range of versions, ``''`` for any.
        pip: arguments of ``pip install`` for a version that fits.
    """

    name: str
    distributions: Mapping[str, str]
    version: str | None
    wanted: str
    pip: str

    @property
    def fits(self) -> bool:
        """Whether it is there, in its range."""
        # The build, such as +cu121, is not part of the version.
        return self.version is not None and SpecifierSet(self.wanted).contains(
            self.version.partition('+')[0], prereleases=True
        )


def check_versions() -> None:
    """Refuse versions of MMAction2's family that mmtin was not tested with.

    mmaction2 1.2.0 asserts ``mmcv < 2.2.0`` without naming a remedy, and a missing mmcv shows as an
    ImportError from its depths. Stays for good: it is how mmtin states what it needs.

    Raises:
        ImportError: one sentence with the pip line that mends it.
    """
    for module in map(find, _CHECKED):
        if not module.fits:
            (name, *_) = module.distributions or (_names(module.name)[0],)
            raise ImportError(
                f'mmtin needs {name}{module.wanted}, found {module.version or "none"}; '
                f'mend it with: pip install {module.pip}, and see `python -m mmtin doctor`'
            )


def find(name: str) -> Module:
    """Find an installed module, whichever distribution contains it; it is not imported.

    Raises:
        ImportError: if mmtin is not installed: its ranges are then not known.
    """
    installed = {d: version for d in _names(name) if (version := _version(d))}
    if not installed and _folder(name):
        installed = {
            d: importlib.metadata.version(d)
            for d in importlib.metadata.packages_distributions().get(name, ())
        }
    version = next(iter(installed.values()), None) or own_version(name)
    distribution = next(iter(installed), _names(name)[0])
    ranges = requirements()
    # An unknown distribution counts as the usual one.
    usual = distribution if distribution in _names(name) else _names(name)[0]
    known = ranges.get(usual)
    brought = str(known.specifier) if known else ''
    wanted = _ACCEPTED.get(usual, brought)
    # The build of mmcv imports torch, which an isolated build does not see.
    build = '--no-build-isolation ' if distribution in ('mmcv', 'onedl-mmcv') else ''
    return Module(name, installed, version, wanted, f'{build}"{distribution}{brought}"')


@cache
def requirements() -> dict[str, Requirement]:
    """The requirements of mmtin on this Python, by distribution; the marker names the extra, if it is of
    one.

    Raises:
        ImportError: if mmtin is not installed.
    """
    try:
        metadata = importlib.metadata.metadata('mmtin')
        lines = importlib.metadata.requires('mmtin') or ()
    except importlib.metadata.PackageNotFoundError:
        raise ImportError(
            'mmtin runs from its source folder but is not installed; '
            'mend it with: pip install -e . in that folder'
        ) from None
    extras = ('', *(metadata.get_all('Provides-Extra') or ()))
    found: dict[str, Requirement] = {}
    for requirement in map(Requirement, lines):
        if requirement.marker is None or any(requirement.marker.evaluate({'extra': e}) for e in extras):
            found.setdefault(requirement.name, requirement)
    return found


def module_of(distribution: str) -> str:
    """The module that a distribution contains."""
    for module, names in DISTRIBUTIONS.items():
        if distribution in names:
            return module
    return {'pillow': 'PIL', 'pyyaml': 'yaml'}.get(distribution.lower(), distribution.replace('-', '_'))


def is_older(module: str, version: str) -> bool:
    """Whether a module is older than ``version`` by its own statement; it is not imported."""
    found = own_version(module)
    return found is not None and Version(found) < Version(version)


def _names(module: str) -> tuple[str, ...]:
    return DISTRIBUTIONS.get(module, (module,))


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _folder(module: str) -> Path | None:
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


def own_version(module: str) -> str | None:
    """The ``__version__`` of a module without a distribution, such as a clone on the path."""
    folder = _folder(module)
    for file in ('version.py', '__init__.py') if folder else ():
        if (folder / file).is_file():  # type: ignore[operator]
            text = (folder / file).read_text(encoding='utf-8', errors='replace')  # type: ignore[operator]
            found = re.search(r'^__version__\s*=\s*[\'"]([^\'"]+)', text, re.MULTILINE)
            if found:
                return found[1]
    return None
