"""OpenCV in an image without graphics libraries."""

import sys

import pytest

from mmtin.compat.opencv import check_loads


@pytest.fixture
def opencv_says(tmp_path, monkeypatch):
    """Replace cv2 by one that raises an ImportError when it is imported."""

    def fail(text):
        (tmp_path / 'cv2.py').write_text(f'raise ImportError({text!r})')
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, 'cv2')

    return fail


def test_missing_library(opencv_says):
    opencv_says('libxcb.so.1: cannot open shared object file: No such file or directory')
    with pytest.raises(ImportError, match=r'^OpenCV does not load \(libxcb.*apt-get install.*headless$'):
        check_loads()


def test_other_faults_are_told_as_they_are(opencv_says):
    opencv_says('numpy failed to import')
    with pytest.raises(ImportError, match='numpy failed'):
        check_loads()


def test_what_loads_passes():
    check_loads()
