#!/usr/bin/env python
"""Compare the latest test results of experiments in a Markdown table."""

import argparse

from mmtin.commands.arguments import one_sentence_errors
from mmtin.scores import comparison_table, latest_test_result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dirs', nargs='+', metavar='WORK_DIR', help='where `mim test` wrote')
    parser.add_argument('--metric', help='its name (default: acc/top1, else the first that all have)')
    args = parser.parse_args()
    with one_sentence_errors():
        print(comparison_table(map(latest_test_result, args.work_dirs), args.metric))


if __name__ == '__main__':
    main()
