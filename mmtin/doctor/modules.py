"""Check the modules that mmtin needs: their distributions, whether they fit and whether they load."""

import importlib
import importlib.util
import warnings

from mmtin.compat.versions import Module, find, module_of, own_version, requirements
from mmtin.doctor.finding import Finding, reason_of

# One row each; all other modules share a row.
FAMILY = ('mmcv', 'mmengine', 'mmdet', 'mmaction')
VIDEO = ('decord', 'av', 'cv2')
# Packages that a minimal container lacks, by the library that the linker names.
_APT = {
    'libGL': 'libgl1',
    'libglib': 'libglib2.0-0',
    'libgthread': 'libglib2.0-0',
    'libxcb': 'libxcb1',
    'libSM': 'libsm6',
    'libXext': 'libxext6',
}


def examine_torch() -> Finding:
    """torch, its build and the GPUs that it finds."""
    finding = _in_range(find('torch'))
    if not finding.fits:
        return finding
    torch, failure = _load('torch')
    if torch is None:
        return finding._replace(found=f'{finding.found}: {failure}', fits=False, remedy=_again('torch'))
    build = torch.version.cuda and f'CUDA {torch.version.cuda}'
    build = build or (torch.version.hip and f'ROCm {torch.version.hip}') or 'CPU'
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    gpus = [torch.cuda.get_device_name(index) for index in range(count)]
    return finding._replace(found=f'{finding.found}, for {build}; {", ".join(gpus) or "no GPU"}')


def examine_numpy() -> Finding:
    """numpy, and whether torch works with it: a torch built before numpy 2 does not work with numpy 2."""
    finding = _in_range(find('numpy'))
    torch, _ = _load('torch')
    if not finding.fits or torch is None:
        return finding
    try:
        torch.zeros(1).numpy()
    except RuntimeError:
        found = f'{finding.found}; torch {torch.__version__} was built for numpy 1'
        return finding._replace(found=found, fits=False, remedy='pip install "numpy>=1.26,<2"')
    return finding


def examine_module(name: str) -> Finding:
    """A module of MMAction2's family, or one that decodes videos."""
    module = find(name)
    if len(module.distributions) > 1 and name != 'cv2':
        return _several(module)
    finding = _in_range(module)
    if not finding.fits:
        return finding
    if name == 'mmcv':
        return _with_operators(finding)
    if name not in VIDEO:
        return finding
    loaded, failure = _load(name)
    if loaded is not None:
        return finding
    packages = sorted({apt for library, apt in _APT.items() if library in failure})
    remedy = f'apt-get install {" ".join(packages)}' if packages else _again(name)
    return finding._replace(found=f'{finding.found}: {failure}', fits=False, remedy=remedy)


def examine_others() -> Finding:
    """All other modules that mmtin requires."""
    own_rows = {'torch', 'numpy', *FAMILY, *VIDEO}
    needed = [
        requirement.name
        for requirement in requirements().values()
        if requirement.marker is None or requirement.marker.evaluate({'extra': ''})
    ]
    modules = [find(name) for name in needed if module_of(name) not in own_rows]
    wrong = [module for module in modules if not module.fits]
    if not wrong:
        return Finding('others', f'{len(modules)} modules that mmtin asks for')
    found = ', '.join(f'{module.name} {module.version or "is missing"}' for module in wrong)
    return Finding('others', found, False, f'pip install {" ".join(module.pip for module in wrong)}')


def _in_range(module: Module) -> Finding:
    if module.version is None:
        return Finding(module.name, 'missing', False, f'pip install {module.pip}')
    found = module.version
    others = [name for name in module.distributions if name != module.name]
    if others and module.name != 'mmaction':
        found += f' ({", ".join(others)})'
    if module.fits:
        return Finding(module.name, found)
    return Finding(module.name, f'{found}, not {module.wanted}', False, f'pip install {module.pip}')


def _several(module: Module) -> Finding:
    """Several distributions that overwrote each other's files; removing one also removes files of the
    other."""
    names = list(module.distributions)
    installed_last = [name for name in names if module.distributions[name] == own_version(module.name)]
    keep = (installed_last or names)[-1]
    found = ' and '.join(f'{name} {version}' for name, version in module.distributions.items())
    ranges = requirements()
    wanted = ranges[keep].specifier if keep in ranges else module.wanted
    build = '--no-build-isolation ' if keep in ('mmcv', 'onedl-mmcv') else ''
    remedy = f'pip uninstall --yes {" ".join(names)} && pip install {build}"{keep}{wanted}"'
    return Finding(module.name, f'{found}, which are one module', False, remedy)


def _with_operators(finding: Finding) -> Finding:
    if importlib.util.find_spec('mmcv._ext') is None:
        return finding._replace(found=f'{finding.found}, without operators')
    _load('torch')  # they are linked to its libraries
    loaded, failure = _load('mmcv._ext')
    if loaded is not None:
        return finding._replace(found=f'{finding.found}, with operators')
    return finding._replace(
        found=f'{finding.found}, whose operators do not load: {failure}', fits=False, remedy=_again('mmcv')
    )


def _load(name: str) -> tuple:
    """A module and ``''``, or None and why it does not load."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            return importlib.import_module(name), ''
    except Exception as error:  # a library is missing or does not fit
        return None, reason_of(error)


def _again(name: str) -> str:
    return f'pip install --force-reinstall --no-deps {find(name).pip}'
