"""The page in a real browser: give videos, see the results, switch layers, read what went wrong."""

import time

import cv2
import numpy as np
import pytest

from tests.browser import CHROMIUM, in_browser
from tests.tryout.served_page import NAMES, served

playwright = pytest.importorskip('playwright.sync_api', reason='playwright drives the browser')

pytestmark = in_browser
GUARD = 120_000  # milliseconds after which the browser hangs: what takes longest takes some seconds
WEBCAM = ('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream')


@pytest.fixture(scope='module')
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=WEBCAM)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Opens a page; no script of it may fail, and no request go elsewhere."""
    opened, wrong = [], []

    def open_page(page, **options):
        tab = browser.new_page(**options)
        opened.append(tab)
        tab.set_default_timeout(GUARD)
        tab.on('pageerror', lambda error: wrong.append(str(error)))
        own = (page.address, f'blob:{page.address}', 'data:')
        tab.on('request', lambda request: request.url.startswith(own) or wrong.append(request.url))
        tab.goto(page.address)
        return tab

    yield open_page
    for tab in opened:
        tab.close()
    assert wrong == []


def until(tab, true):
    """Wait until an expression of the page is true. The page's policy forbids Playwright's own way."""
    end = time.monotonic() + GUARD / 1000
    while not tab.evaluate(true):
        assert time.monotonic() < end, true
        tab.wait_for_timeout(50)


def give(tab, *paths):
    """Give videos and wait until each has a result or an error; what the list says of each."""
    before = tab.locator('#videos li').count()
    tab.set_input_files('#files', paths)
    finished = tab.locator('#videos button:enabled, #videos .fault')
    playwright.expect(finished).to_have_count(before + len(paths), timeout=GUARD)
    return [item.inner_text() for item in tab.locator('#videos button > :last-child').all()[before:]]


def test_upload_shows_the_result_and_switches_layers(page, videos, visit):
    tab = visit(page)
    (state,) = give(tab, videos / 'moving.mp4')
    rows = [row.inner_text().split('\t') for row in tab.locator('#predictions tr').all()]
    assert len(rows) == 5 and all(name.strip() in NAMES for name, _ in rows)
    assert state == f'{rows[0][0].strip()} {rows[0][1]}'
    shares = [float(share.removesuffix(' %')) for _, share in rows]
    assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 100.3
    until(tab, 'player.videoWidth === 64 && player.currentTime > 0')
    assert tab.locator('#course svg').is_visible()
    # The line runs with the video, and a click on the course goes there.
    tab.evaluate('player.pause()')
    box = tab.locator('#course svg').bounding_box()
    tab.locator('#course').click(position=dict(x=0.5 * box['width'], y=30))
    until(tab, 'Math.abs(player.currentTime - 2) < 0.3')
    for name in ('offsets', 'weights'):
        assert 'layer3.1' in tab.locator(f'#{name} svg').text_content()
    strip = tab.locator('#strip svg')
    drawn = []
    for layer in ('layer1.0', 'layer3.1'):
        tab.select_option('#layer', layer)
        playwright.expect(strip).to_contain_text(layer, timeout=GUARD)
        playwright.expect(tab.locator('.busy')).to_have_count(0, timeout=GUARD)
        drawn.append(strip.get_attribute('aria-label'))
        assert strip.locator('image').count() == 1 and 'group 2, reversed' in strip.text_content()
    assert drawn[0] != drawn[1]


def test_faulty_ones_among_good_ones(page, videos, visit):
    tab = visit(page)
    names = ['text.mp4', 'moving.mp4', 'huge.mp4', 'short.mp4', 'empty.mp4']
    states = give(tab, *(videos / name for name in names))
    assert states[0].startswith('text.mp4 cannot be read (Invalid data found')
    assert states[2].startswith('huge.mp4 has more than 1 MB')
    assert states[4] == 'empty.mp4 cannot be read (empty file); give a video that FFmpeg plays'
    assert tab.locator('#name').inner_text() == 'moving.mp4', 'the first result'
    tab.get_by_role('button', name='short.mp4').click()
    assert tab.locator('#name').inner_text() == 'short.mp4'
    assert tab.locator('#note').inner_text() == 'Note: 3 frames for clips of 4: some are repeated.'
    tab.context.set_offline(True)
    (state,) = give(tab, videos / 'moving.mp4')
    assert state == 'The page is not served any more; start it again and give the video again.'
    assert tab.locator('#predictions tr').count() == 5, 'the results before stay'


def test_format_that_browsers_do_not_play(page, videos, visit):
    tab = visit(page)
    give(tab, videos / 'old.avi')
    until(tab, 'player.videoWidth === 80 && player.currentTime > 0')
    assert 'so a copy is shown' in tab.locator('#note').inner_text()


def test_webcam(page, visit):
    tab = visit(page)
    tab.click('#webcam')
    until(tab, 'live.currentTime > 1')
    assert tab.locator('#webcam').inner_text() == 'Stop and predict'
    tab.click('#webcam')
    tab.wait_for_selector('#videos button:enabled')
    assert tab.locator('#name').inner_text() == 'webcam 1.webm'
    until(tab, 'player.videoWidth > 0 && player.currentTime > 0')
    assert not tab.locator('#live').is_visible() and tab.locator('#said').is_hidden()


def test_no_webcam(page, visit):
    tab = visit(page)
    tab.evaluate(
        "() => void (navigator.mediaDevices.getUserMedia = async () => { throw new Error('Not found'); })"
    )
    tab.click('#webcam')
    tab.wait_for_selector('#said:visible')
    assert tab.locator('#said').inner_text() == 'The webcam cannot be used (Not found); give a file.'


def test_light_and_dark_and_phone(page, videos, visit):
    tab = visit(page)
    give(tab, videos / 'short.mp4', videos / 'text.mp4')
    playwright.expect(tab.locator('#strip svg')).to_be_visible()
    brightness = {}
    for scheme in ('light', 'dark'):
        tab.emulate_media(color_scheme=scheme)
        picture = cv2.imdecode(np.frombuffer(tab.screenshot(full_page=True), np.uint8), cv2.IMREAD_COLOR)
        brightness[scheme] = picture.mean()
    assert brightness['dark'] < 80 < 200 < brightness['light']
    for width in (1280, 390):
        tab.set_viewport_size(dict(width=width, height=844))
        assert tab.evaluate('document.documentElement.scrollWidth <= innerWidth'), width


def test_network_without_interlacing(tmp_path, videos, visit):
    with served(tmp_path, 'tsn_r18_demo') as page:
        tab = visit(page)
        give(tab, videos / 'moving.mp4')
        assert tab.locator('#predictions tr').count() == 5 and tab.locator('#course svg').is_visible()
        sentence = 'This network has no interlacing layers, so there is nothing to draw.'
        assert tab.locator('#nothing').inner_text() == sentence
        assert not tab.locator('#layer').count()
        tab.close()
