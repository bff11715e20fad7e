"""The templates of pages, and figures in the colours that all pages have."""

import io
import itertools
import re
import threading

import jinja2
import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

_IDS = itertools.count()
_SETTINGS = threading.Lock()  # those of matplotlib are shared by all threads


def templates(package: str) -> jinja2.Environment:
    """The templates in the folder ``templates`` of a package, with ``base.html`` and ``base.css`` of all.

    A page extends ``base.html``, which puts in the package's ``page.css``. It asks nothing from elsewhere
    but what it allows in ``sources``. What is put into a page is escaped; a name that is missing and a
    number in JSON that is not finite are errors.
    """
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package), jinja2.PackageLoader('mmtin.pages')]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies['json.dumps_kwargs'] = dict(sort_keys=True, allow_nan=False)
    return environment


def page_svg(figure: Figure, description: str) -> Markup:
    """A figure as an SVG element for a page; black becomes the page's colour of text.

    Args:
        figure: without a background of its own.
        description: for readers who cannot see it.
    """
    buffer = io.StringIO()
    with _SETTINGS, matplotlib.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': 'mmtin'}):
        figure.savefig(buffer, format='svg', transparent=True, metadata={'Date': None, 'Creator': None})
    svg = buffer.getvalue()
    svg = re.sub(r'<metadata>.*?</metadata>', '', svg[svg.index('<svg') :], flags=re.DOTALL)
    svg = svg.replace('#000000', 'currentColor')
    # The ids of all figures on a page must differ.
    prefix = f'f{next(_IDS)}-'
    svg = re.sub(r'( id="|url\(#|xlink:href="#)', rf'\g<1>{prefix}', svg)
    return Markup(svg.replace('<svg', Markup('<svg role="img" aria-label="{}"').format(description), 1))
