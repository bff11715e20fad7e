"""All remedies together, in a process where nothing is imported yet."""

import re
import subprocess
import sys
from pathlib import Path

from mmaction.datasets.transforms import ColorJitter
from mmaction.models.heads import BaseHead
from mmengine.config import Config

from mmtin import compat


def python(code):
    """Run ``code`` in a process where nothing is imported yet; return what it prints."""
    process = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_everything_imports_in_a_fresh_process():
    """Without mmtin, `import mmaction.models` fails with the wheel of PyPI."""
    output = python(
        'import mmtin, mmaction.models, mmaction.datasets, mmaction.evaluation, mmaction.utils\n'
        'import numpy as np\n'
        'from mmaction.models.localizers import DRN\n'
        'assert np.Inf == np.inf and np.in1d([1, 2], [2]).tolist() == [False, True]\n'
        'assert np.trapz([1, 1, 1]) == 2\n'
        'try:\n    DRN()\n'
        'except ImportError as error:\n    print(error)\n'
    )
    assert 'DRN localizer is missing from the mmaction2 wheel' in output and '2714' in output


def test_guide_explains_what_is_said_without_mmtin():
    output = python(
        'try:\n'
        '    from mmaction.registry import MODELS\n'
        '    MODELS.build(dict(type="TINResNet", depth=18))\n'
        'except Exception as error:\n'
        '    print(error)\n'
    )
    guide = (Path(__file__).parents[2] / 'docs/guides/troubleshooting.md').read_text()
    explained = re.findall(r'^\| `([^`]+)` \| [^|]+ \| `import mmtin` before', guide, re.MULTILINE)
    assert [sentence for sentence in explained if sentence in output], output


def test_applying_twice_changes_nothing():
    def patched():
        drn = sys.modules['mmaction.models.localizers.drn.drn']
        return drn, BaseHead.loss_by_feat, Config._get_cfg_path, ColorJitter.adjust_hue

    before = patched()
    compat.apply()
    assert patched() == before


def test_import_warns_of_nothing():
    process = subprocess.run([sys.executable, '-c', 'import mmtin'], capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (0, '')
