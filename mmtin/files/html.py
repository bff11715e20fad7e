"""Self-contained HTML pages: their templates, and the colours that all of them have."""

import jinja2


def templates(package: str) -> jinja2.Environment:
    """The templates in the folder ``templates`` of a package, and ``base.css`` for all pages.

    What is put into them is escaped, and a name that is missing is an error.
    """
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package), jinja2.PackageLoader('mmtin.files')]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
