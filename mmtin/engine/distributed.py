"""Several processes, also without a GPU, of which the first error is shown."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import barrier, init_dist, is_distributed, is_main_process
from mmengine.logging import print_log
from mmengine.utils.dl_utils import set_multi_processing
from torch.distributed.elastic.multiprocessing.errors import get_error_handler

from mmtin.compat.mmengine import no_cuda_device_to_set
from mmtin.compat.torch import DistError, leave_process_group

# Seconds; launchers check their processes several times per second, unless the machine is busy.
_LAUNCHER_NOTICES = 60


def join_without_gpu(cfg: Config) -> None:
    """Let the processes of ``cfg.launcher`` work together without a GPU, in place.

    Configs name the nccl backend, which needs GPUs: without one, gloo replaces it, and the model is wrapped
    for the CPU. A single process, or a machine with a GPU, is left to the Runner.
    """
    if cfg.get('launcher', 'none') == 'none':
        return
    # DistributedDataParallel imports it. If it is imported once there is a group of all processes, its
    # functions have that group as a default argument and hold it for ever.
    import torch.distributed.nn.functional  # noqa: F401

    if get_device() != 'cpu':
        return
    env_cfg = cfg.get('env_cfg', {})
    set_multi_processing(**env_cfg.get('mp_cfg', {}), distributed=True)
    with no_cuda_device_to_set():
        init_dist(cfg.launcher, **{**env_cfg.get('dist_cfg', {}), 'backend': 'gloo'})
    if is_main_process():
        print_log('No GPU: the processes run on the CPU and exchange gradients through gloo.', 'current')
    strategy = cfg.get('strategy') or {}
    if not strategy:
        # The Runner's default, but for the device.
        unused = cfg.get('find_unused_parameters', False)
        wrapper = dict(broadcast_buffers=False, find_unused_parameters=unused, device_ids=None)
        cfg.model_wrapper_cfg = wrapper | (cfg.get('model_wrapper_cfg') or {})
    elif strategy.type == 'DDPStrategy':
        strategy.model_wrapper = dict(device_ids=None) | (strategy.get('model_wrapper') or {})
    elif strategy.type == 'FSDPStrategy':
        strategy.model_wrapper = dict(device_id='cpu') | (strategy.get('model_wrapper') or {})
        if strategy.get('state_dict_cfg') == 'full':
            # mmengine's 'full' also moves weights to the CPU; torch frees those that are there already and
            # goes on reading them.
            strategy.state_dict_cfg = dict(
                state_dict_type='FULL_STATE_DICT',
                state_dict_config=dict(type='FullStateDictConfig', rank0_only=True),
                optim_state_dict_config=dict(type='FullOptimStateDictConfig', rank0_only=True),
            )


@contextmanager
def leaving_together() -> Iterator[None]:
    """End the processes of a command together, or with the error of the one that failed first.

    When one fails, the others fail in their next exchange with it, often before the launcher notices. So
    they wait for the launcher to end them before they report their error. The first error is left where
    torchrun looks for it, so that its summary has it, too.

    The block must leave no name that refers to the model. The threads of gloo live as long as something
    refers to the group, as a wrapped model does. A thread that frees the tensors of its last exchange while
    Python ends aborts the process: https://github.com/pytorch/pytorch/issues/190489.
    """
    try:
        yield
    except Exception as error:
        if is_distributed() and _is_loss_of_a_neighbour(error):
            time.sleep(_LAUNCHER_NOTICES)
        get_error_handler().record_exception(error)
        raise
    if is_distributed():
        # The model goes before the group, here since a Runner is a cycle of references. A wrapped model
        # that is the last to refer to the group ends it while it holds Python's lock. A thread of gloo that
        # still frees the tensors of an exchange waits for that lock, and the two wait for ever: issue 56297
        # of torch, see leave_process_group; seen with torch 2.13.
        gc.collect()
        # A process that exits while others still exchange with it may be aborted.
        barrier()
        leave_process_group()


def _is_loss_of_a_neighbour(error: Exception) -> bool:
    # gloo raises plain RuntimeErrors that name its source files.
    return isinstance(error, DistError) or (isinstance(error, RuntimeError) and 'gloo' in str(error))
