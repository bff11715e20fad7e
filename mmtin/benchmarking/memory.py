"""Peak memory of a training step, each subject in a process of its own.

On CUDA it is what PyTorch's allocator reports. On the CPU it is the largest sum of allocations minus frees
of PyTorch's allocator since before the model was built, from the events that the profiler records; it is
the same in every run. Memory that libraries take past the allocator, such as oneDNN's scratch space, is not
in it; ``resident`` is the operating system's figure for all memory and varies a little from run to run.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context

import torch
from torch.profiler import ProfilerActivity, profile

from mmtin.benchmarking.model import check_answers
from mmtin.benchmarking.network import Case, Setting, subject
from mmtin.benchmarking.output import NOT_MEASURED
from mmtin.benchmarking.resident import resident
from mmtin.compat.torch import event_start

# The first step allocates the optimiser's momentum, so that the second one has it.
_STEPS = 2


def allocator_peak(call: Callable[[], object]) -> int:
    """The peak, in bytes, of memory that ``call`` holds from PyTorch's CPU allocator.

    Memory that is freed in ``call`` but was allocated before counts as negative.
    """
    # Otherwise the profiler prints to stderr.
    os.environ.setdefault('KINETO_LOG_LEVEL', '99')
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == '[memory]']
    held = peak = 0
    for event in sorted(events, key=event_start):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def training_step_peak(
    name: str, case: Case, setting: Setting, layout: str, threads: int
) -> dict[str, float]:
    """The peak, in megabytes (1e6 bytes), of building the model and two training steps.

    Call it in a fresh process: a peak cannot be reset.
    """
    torch.set_num_threads(threads)

    def steps() -> None:
        step = subject(name, case, setting, layout)
        for _ in range(_STEPS):
            step()

    if torch.device(setting.device).type == 'cuda':
        steps()
        return {'MB': torch.cuda.max_memory_allocated(setting.device) / 1e6}
    before = resident('VmHWM')
    steps()
    grown = resident('VmHWM') - before
    return {'MB': allocator_peak(steps) / 1e6, 'resident MB': grown / 1e6}


def measure(
    case: Case,
    setting: Setting,
    against: Sequence[str] = ('tsn', 'tsm', 'mmaction2'),
    track: Callable[[Sequence], Iterable] = iter,
) -> list[dict[str, object]]:
    """Records of ``against`` and TIN in each layout.

    Raises:
        UserError: if TIN's answer is wrong.
    """
    check_answers(case, setting)
    wanted = [(name, layout) for layout in setting.layouts for name in (*against, 'tin')]
    found, reasons = {}, {}
    for name, layout in track(wanted):
        # Spawned: a forked process would start with the memory of this one.
        with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as pool:
            future = pool.submit(training_step_peak, name, case, setting, layout, torch.get_num_threads())
            try:
                found[name, layout] = future.result()
            except (ImportError, RuntimeError, TypeError, ValueError) as error:
                reasons[name, layout] = str(error).splitlines()[0]
    records = []
    for name, layout in wanted:
        line = {**asdict(case), 'layout': layout, 'subject': name}
        if (name, layout) in reasons:
            records.append({**line, 'MB': NOT_MEASURED, 'note': reasons[name, layout]})
            continue
        ratios = {
            f'x {other}': found[name, layout]['MB'] / found[other, layout]['MB']
            for other in against
            if (other, layout) in found
        }
        records.append({**line, **found[name, layout], **ratios})
    return records
