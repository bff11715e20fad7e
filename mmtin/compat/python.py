"""Functions that Python no longer has and other packages use."""

import importlib.util
import pkgutil


def restore_find_loader() -> None:
    """Give Python 3.14 back ``pkgutil.find_loader``.

    mmengine 0.10.7 and mmcv 2.1.0 look for mmcv's compiled operators with it, and cannot be imported
    without it (removed after years of warnings; its successor is ``importlib.util.find_spec``). May go when
    both use that.
    """
    if hasattr(pkgutil, 'find_loader'):
        return

    def find_loader(fullname: str) -> object:
        spec = importlib.util.find_spec(fullname)
        return None if spec is None else spec.loader

    pkgutil.find_loader = find_loader  # type: ignore[assignment]
