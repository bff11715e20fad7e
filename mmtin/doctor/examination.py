"""Examine everything that mmtin needs on a machine."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import warnings
from collections.abc import Iterator

from packaging.specifiers import SpecifierSet

from mmtin.compat.python import restore_find_loader
from mmtin.compat.versions import requirements
from mmtin.doctor.finding import Finding, reason_of
from mmtin.doctor.modules import (
    FAMILY,
    VIDEO,
    examine_module,
    examine_numpy,
    examine_others,
    examine_torch,
)


def examine() -> Iterator[Finding]:
    """Examine Python, the modules, the compiler and the backends of the operator, in this order."""
    try:
        requirements()
    except ImportError as error:
        yield Finding('mmtin', reason_of(error).partition(';')[0], False, 'pip install -e .')
        return
    findings = []
    for look in (examine_python, examine_torch, examine_numpy):
        findings.append(look())
        yield findings[-1]
    for name in (*FAMILY, *VIDEO):
        findings.append(examine_module(name))
        yield findings[-1]
    findings.append(examine_others())
    yield findings[-1]
    yield examine_compiler()
    if all(finding.fits for finding in findings):
        yield from examine_backends()


def examine_python() -> Finding:
    """The interpreter."""
    found = platform.python_version()
    wanted = importlib.metadata.metadata('mmtin')['Requires-Python'] or ''
    if SpecifierSet(wanted).contains(found, prereleases=True):
        return Finding('Python', f'{found}, {platform.system()} {platform.machine()}')
    return Finding('Python', f'{found}, not {wanted}', False, 'python3.11 -m venv .venv')


def examine_compiler() -> Finding:
    """The C compiler, which builds the kernels for the CPU; without one another backend is used."""
    name = os.environ.get('CC', 'cc')
    compiler = shutil.which(name)
    if compiler is None:
        return Finding('compiler', f'no {name}: slower on the CPU', None, 'apt-get install gcc')
    result = subprocess.run([compiler, '--version'], capture_output=True, text=True, check=False)
    return Finding('compiler', (result.stdout.splitlines() or [compiler])[0])


def examine_backends() -> Iterator[Finding]:
    """Whether mmtin can be imported, and the backends of the operator on each device."""
    restore_find_loader()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            import torch

            from mmtin import compat

            compat.apply()
            import mmtin.models
            from mmtin.ops import available_backends
            from mmtin.ops.backend import auto_choice
    except Exception as error:  # a fault that no check above found
        yield Finding('mmtin', f'does not import: {reason_of(error)}', False, 'python -c "import mmtin"')
        return
    yield Finding('mmtin', mmtin.__version__)
    for device in ('cpu', *(['cuda'] if torch.cuda.is_available() else [])):
        auto = auto_choice(torch.zeros(1, 1, 1, device=device))
        names = ', '.join(available_backends(device))
        yield Finding(f'on {device}', f"{names}; 'auto' takes {auto}")
