"""Write the tables and the chart of docs/ablation.md, and the overview in README.md, from the records.

python docs/write_ablation.py
"""

import re
from pathlib import Path

import matplotlib.pyplot as plt

from mmtin.ablation import comparison
from mmtin.ablation.records import read_records
from mmtin.ablation.sets import SETS, cells

DOCS = Path(__file__).parent
RECORDS, PAGE, README = DOCS / 'ablation/runs.jsonl', DOCS / 'ablation.md', DOCS.parent / 'README.md'
CHART = DOCS / 'images/ablation_sets.png'
MADE = re.compile(r'(?<=<!-- made by docs/write_ablation.py -->\n).*?(?=<!-- end -->)', re.DOTALL)


def pages() -> dict[Path, str]:
    """The text of each page, with its tables as the records have them."""
    records = read_records(RECORDS)
    asked = cells(SETS)
    done = sum(cell in records for cell in asked)
    found = list(records.values())
    overview = comparison.overview(found)
    made = (
        f'{overview}\n\n{done} of the {len(asked)} runs that the comparison asks for are done.\n\n'
        f'![Top-1 of every variant, mean and each seed](images/{CHART.name})\n\n{comparison.report(found)}'
    )
    return {page: _with(text, page) for page, text in ((PAGE, made), (README, overview))}


def _with(made: str, page: Path) -> str:
    return MADE.sub(lambda _: f'\n{made}\n\n', page.read_text(encoding='utf-8'))


def main() -> None:
    """Write the pages and the chart."""
    for page, text in pages().items():
        page.write_text(text, encoding='utf-8')
    figure = comparison.chart(read_records(RECORDS).values())
    figure.savefig(CHART, dpi=120)
    plt.close(figure)


if __name__ == '__main__':
    main()
