"""The page in a real browser: sort, filter, hover, light and dark, on a phone and on paper."""

import json
import re
import subprocess
from pathlib import Path

import cv2
import pytest

from mmtin.leaderboard.page import render_page
from mmtin.leaderboard.published import read_publication
from mmtin.leaderboard.results import Result
from mmtin.leaderboard.rows import fill, join
from tests.browser import CHROMIUM, in_browser

COMMAND = 'tools/leaderboard.py --html page.html'


@pytest.fixture(scope='module')
def html():
    publication = read_publication()
    sent = Result('<b>ours</b>', {'acc/top1': 0.61}, data_set='demo', machine='a "laptop"')
    rows, others = join(publication, [Result('tin_r50_sthv1', {'acc/top1': 0.5}), sent])
    costs = {'tin_r50_sthv1': dict(gflops=32.8, mparams=23.9, latency=400.0, memory=186.0)}
    costs |= {name: dict(gflops=1.5, mparams=2.0) for name in ('<b>ours</b>', 'tanet_r50')}
    return render_page(publication, fill(rows, costs), fill(others, costs), 'device CPU', COMMAND)


def test_page_stands_alone_and_tells_each_source(html):
    for address in re.findall(r'(?:src|href)="([^"]*)"|url\(([^)]*)\)', html):
        assert ''.join(address).startswith(('#', 'data:')), address
    assert '&lt;b&gt;ours' in html and '<b>ours' not in html
    assert f'title="{COMMAND}, device CPU"' in html
    assert 'a &#34;laptop&#34;' in html
    assert 'title="Shao, Qian, Liu' in html and 'title="UniFormer, model zoo"' in html
    assert html.count('<tr class="own">') == 2


ACTIONS = Path(__file__).with_name('page_actions.js').read_text()


def browse(tmp_path, page, *options, action='--dump-dom'):
    command = [
        CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', '--enable-logging=stderr', '--v=0',
        f'--user-data-dir={tmp_path / "user"}', '--virtual-time-budget=5000', *options, action,
        page.as_uri(),
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True)
    # A request, which the page forbids, and an error in its script would be among these messages.
    assert 'CONSOLE' not in result.stderr, result.stderr
    return result.stdout


@in_browser
@pytest.mark.parametrize('size', ['1400,1000', '500,900'], ids=['desk', 'phone'])
def test_sort_filter_and_hover(html, size, tmp_path):
    page = tmp_path / 'page.html'
    page.write_text(html.replace('</body>', f'<script>{ACTIONS}</script></body>'))
    dom = browse(tmp_path, page, f'--window-size={size}')
    told = json.loads(
        re.search('<pre id="told">(.*)</pre>', dom)[1].replace('&lt;', '<').replace('&gt;', '>')
    )
    assert (told['atFirst'][0], told['sortedBy']) == ('UniFormer-S', 'descending')
    first, order, last = told['cheapest']
    assert first in ('TSN', 'TRN-Multiscale') and order == 'ascending'
    assert last != 'Non-local I3D + GCN', 'a line without a figure comes last'
    assert told['dearest'] == ['Non-local I3D + GCN', 'descending']
    assert told['byName'] == ['ECO', 'ECO']
    assert 'TIN' in told['cheap'] and 'TANet' in told['cheap'] and 'TIN-En' not in told['cheap']
    names, caption, circles = told['measured']
    assert (names, circles) == (['TIN'], 1) and 'measured here' in caption
    assert {'SlowFast 16x8', 'UniFormer-S', 'VideoMAE', 'TIN'} <= set(told['second'])
    hidden, tip, focused = told['tip']
    assert not hidden and focused and '67.7 % at 125.0 G, UniFormer, model zoo' in tip
    assert told['tipGone'] and not told['tipAgain']
    names, count, caption = told['none']
    assert names == [] and count.startswith('0 of ') and caption.startswith('No top-1 accuracy')
    assert told['all'] and told['width'], 'the page is wider than the window'


@in_browser
def test_light_and_dark_and_paper(html, tmp_path):
    page = tmp_path / 'page.html'
    page.write_text(html)
    brightness = {}
    for scheme, number in (('dark', 0), ('light', 1)):
        picture = tmp_path / f'{scheme}.png'
        options = f'--blink-settings=preferredColorScheme={number}', '--window-size=1000,1400'
        browse(tmp_path, page, *options, action=f'--screenshot={picture}')
        brightness[scheme] = cv2.imread(str(picture)).mean()
    assert brightness['dark'] < 80 < 200 < brightness['light']
    browse(tmp_path, page, action=f'--print-to-pdf={tmp_path / "page.pdf"}')
    assert (tmp_path / 'page.pdf').read_bytes().startswith(b'%PDF')
