"""Write the tables and the chart of docs/ablation.md from its records: python docs/write_ablation.py"""

import re
from pathlib import Path

import matplotlib.pyplot as plt

from mmtin.ablation import comparison
from mmtin.ablation.records import read_records
from mmtin.ablation.sets import SETS, cells

DOCS = Path(__file__).parent
RECORDS, PAGE = DOCS / 'ablation/runs.jsonl', DOCS / 'ablation.md'
CHART = DOCS / 'images/ablation_sets.png'
_MADE = re.compile(r'(?<=<!-- made by docs/write_ablation.py -->\n).*?(?=<!-- end -->)', re.DOTALL)


def page() -> str:
    """The page with its tables as the records have them."""
    records = read_records(RECORDS)
    asked = cells(SETS)
    done = sum(cell in records for cell in asked)
    parts = [f'{done} of the {len(asked)} runs that the comparison asks for are done.\n']
    if records:
        parts.append(f'![Top-1 of every variant, mean and each seed](images/{CHART.name})\n')
        parts.append(comparison.report(records.values()))
    made = '\n' + '\n'.join(parts) + '\n'
    return _MADE.sub(lambda _: made, PAGE.read_text(encoding='utf-8'))


def main() -> None:
    """Write the page and the chart."""
    PAGE.write_text(page(), encoding='utf-8')
    if records := read_records(RECORDS):
        figure = comparison.chart(records.values())
        figure.savefig(CHART, dpi=120)
        plt.close(figure)


if __name__ == '__main__':
    main()
