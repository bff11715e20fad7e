"""Describe the machine of a measurement, print it as a table and write it to a file."""

import csv
import importlib.metadata
import io
import os
import platform
from collections.abc import Iterable
from pathlib import Path

import torch
from tabulate import tabulate

from mmtin.benchmarking.timing import Timing
from mmtin.files.whole import write_whole

_PACKAGES = ('mmtin', 'torch', 'mmaction2', 'mmengine', 'mmcv', 'mmcv-lite', 'triton')

NOT_MEASURED = 'not measured'


def environment(device: torch.device | str) -> dict[str, str]:
    """The device, the processor, threads and versions, by name."""
    device = torch.device(device)
    found = {'device': torch.cuda.get_device_name(device) if device.type == 'cuda' else 'CPU'}
    found['processor'] = f'{_processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads'
    found['python'] = platform.python_version()
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    found['torch'] = torch.__version__  # with its build, such as +cu130
    if device.type == 'cuda':
        found['cuda'] = str(torch.version.cuda)
    return found


def record(case: dict[str, object], row: Timing, **further: object) -> dict[str, object]:
    """A line of the table: the case, the subject, milliseconds and ratios, then ``further`` entries."""
    return {
        **case,
        'subject': row.name,
        'ms': row.median * 1e3,
        'quartile 1': row.lower * 1e3,
        'quartile 3': row.upper * 1e3,
        **{f'x {label}': ratio for label, ratio in row.ratios.items()},
        **further,
    }


def unmeasured(case: dict[str, object], subject: str, reason: str) -> dict[str, object]:
    """The line of a subject that did not run, and why."""
    return {**case, 'subject': subject, 'ms': NOT_MEASURED, 'note': reason}


def table(records: Iterable[dict[str, object]]) -> str:
    """A Markdown table with one line per record, and below it the reasons for empty lines."""
    records = list(records)
    columns = [column for column in _columns(records) if column != 'note']
    lines = [[_text(line.get(column)) for column in columns] for line in records]
    notes = dict.fromkeys(f'{line["subject"]}: {line["note"]}' for line in records if line.get('note'))
    return '\n'.join(
        [tabulate(lines, columns, tablefmt='github', disable_numparse=True), '', *notes]
    ).rstrip()


def write_csv(path: Path, records: Iterable[dict[str, object]], found: dict[str, str]) -> None:
    """Write every record in full precision, with the :func:`environment` in each line.

    Raises:
        UserError: if the file cannot be written.
    """
    records = list(records)
    table = io.StringIO(newline='')
    writer = csv.DictWriter(table, [*_columns(records), *found])
    writer.writeheader()
    writer.writerows({**line, **found} for line in records)
    write_whole(table.getvalue(), path)


def _columns(records: list[dict[str, object]]) -> list[str]:
    """All names in the order of the fullest records, since an unmeasured one lacks some."""
    return list(dict.fromkeys(name for line in sorted(records, key=len, reverse=True) for name in line))


def _text(value: object) -> str:
    if value is None:
        return '-'
    if isinstance(value, float):
        return f'{value:.1f}' if abs(value) >= 100 else f'{value:.3g}'
    return str(value)


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.machine()
