"""Imported by a process of torchrun, it writes to ``end.RANK.json`` how the process ends.

``wrapped_models`` counts those that are alive when the process leaves its group, ``threads`` names the
threads that are alive at its end.
"""

import atexit
import gc
import json
import os
from pathlib import Path

import torch
from torch.nn.parallel import DistributedDataParallel

end: dict = {}
destroy_process_group = torch.distributed.destroy_process_group


def counting_models(*args, **kwargs) -> None:
    end['wrapped_models'] = sum(
        issubclass(type(value), DistributedDataParallel) for value in gc.get_objects()
    )
    destroy_process_group(*args, **kwargs)


def write() -> None:
    end['threads'] = [path.read_text().strip() for path in Path('/proc/self/task').glob('*/comm')]
    Path(f'end.{os.environ["RANK"]}.json').write_text(json.dumps(end))


if 'RANK' in os.environ:
    torch.distributed.destroy_process_group = counting_models
    atexit.register(write)
