"""The browser of the tests of pages."""

import shutil

import pytest

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
in_browser = pytest.mark.skipif(CHROMIUM is None, reason='there is no Chromium')
