"""Fixtures of every test, and the order of the tests."""

import ast
import gc
import os
from types import SimpleNamespace

import torch

# Where there is no GPU, Triton's interpreter runs its kernels. It asks when it is imported.
if not torch.cuda.is_available():
    os.environ.setdefault('TRITON_INTERPRET', '1')

import pytest
from mmengine.config import config as mmengine_config
from mmengine.dataset import base_dataset
from mmengine.logging import MessageHub
from mmengine.registry import init_default_scope

# First of all, since mmaction.models cannot be imported without its remedies.
import mmtin  # noqa: F401
from mmtin.commands import memory
from mmtin.prediction import many_videos, spread_work
from tests.tools.in_process import forget_runs


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture(autouse=True, scope='session')
def configs_unformatted():
    """The configs that runs keep are not formatted: yapf takes longer than most of what is tested."""

    def only_checked(text: str, **_) -> tuple[str, bool]:
        ast.parse(text)
        return f'{text}\n', True

    with pytest.MonkeyPatch.context() as patch:
        # onedl-mmengine has no such name: it imports yapf where it formats.
        patch.setattr(mmengine_config, 'FormatCode', only_checked, raising=False)
        yield


@pytest.fixture(autouse=True, scope='session')
def memory_as_of_many_commands():
    """What commands do to the memory of their process is not done to this one, which runs hundreds.

    None keeps freed memory for itself, and a data set of mmengine asks for no collection of its own.
    """
    with pytest.MonkeyPatch.context() as patch:
        for module in (memory, many_videos, spread_work):
            patch.setattr(module, 'keep_freed_memory', lambda: None)
        patch.setattr(base_dataset, 'gc', SimpleNamespace(collect=lambda: 0))
        yield


@pytest.fixture(autouse=True)
def no_run_left():
    """A test's runs end with it: mmengine keeps them by name, each with its network and optimizer."""
    yield
    if MessageHub._instance_dict:
        forget_runs()
        gc.collect()


@pytest.fixture(autouse=True)
def mmaction_scope() -> None:
    """Registries resolve bare names as they do inside a Runner of MMAction2."""
    init_default_scope('mmaction')


# Seconds after which a training hangs: ten times what the longest takes on a quiet machine.
SLOW_GUARD = 3600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put trainings first, so that the other processes of the suite do everything else meanwhile."""
    for item in items:
        if item.get_closest_marker('slow') and not item.get_closest_marker('timeout'):
            item.add_marker(pytest.mark.timeout(SLOW_GUARD))
    items.sort(key=lambda item: item.get_closest_marker('slow') is None)


def pytest_collection_finish() -> None:
    """Spare garbage collection what is imported by now."""
    gc.collect()
    gc.freeze()
