"""Spread work on many items over a Ray cluster."""

# Not Ray Data: there a file that kills its worker is tried for ever, since max_restarts goes in Ray 2.64,
# and each command starts three more processes.

import math
import pickle
from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol

from mmtin.cluster.connection import connected
from mmtin.errors import UserError

# Of one worker; then a file is held to kill it, as some damaged videos do to their decoder.
_MOST_RESTARTS = 10


class Work(Protocol):
    """What a worker does. It is made where the command runs, and a copy of it goes to each worker."""

    def start(self, device: str, num_cpus: int) -> None:
        """Get ready on a device, with so many CPUs."""

    def __call__(self, items: Sequence[Any], /) -> Sequence[Any]:
        """The result of each item; what is wrong with an item is a result, too."""


class Share(NamedTuple):
    """What a worker gets of the cluster: ``cpus``, ``gpus``; ``workers`` is how many there can be."""

    cpus: int
    gpus: int
    workers: int


def spread(
    work: Work,
    items: Sequence[Any],
    address: str,
    batch_size: int,
    gpu_batch_size: int | None = None,
    use_gpus: bool = True,
) -> Generator[tuple[int, Any], None, None]:
    """Results of items from all machines of a cluster.

    Each worker has one GPU, where the cluster has any, or one CPU. The batches of one that dies are done
    again by its successor. A worker has one batch at a time, and gets the next when its results are read.

    Args:
        work: what is done.
        items: small ones, such as paths that mean the same file on each machine.
        address: as in :func:`mmtin.cluster.connection.connected`.
        batch_size: items that a worker gets at once.
        gpu_batch_size: the same for one with a GPU; None is ``batch_size``.
        use_gpus: False leaves GPUs to others.

    Yields:
        the index of an item and its result, in the order in which batches are done.

    Raises:
        UserError: if there is no cluster at the address, or it fails.
    """
    if not items:
        return
    with connected(address):
        share = _share(use_gpus)
        yield from _results(work, items, gpu_batch_size or batch_size if share.gpus else batch_size, share)


def _share(use_gpus: bool) -> Share:
    import ray

    nodes = [node['Resources'] for node in ray.nodes() if node['Alive']]
    with_gpus = [node for node in nodes if node.get('GPU', 0) >= 1 and node.get('CPU', 0) >= 1]
    if use_gpus and with_gpus:
        # On each machine all its GPUs must find their CPUs.
        cpus = max(1, min(int(node['CPU'] // node['GPU']) for node in with_gpus))
        return Share(cpus, 1, int(sum(node['GPU'] for node in with_gpus)))
    return Share(1, 0, max(1, int(sum(node.get('CPU', 0) for node in nodes))))


def _results(work: Work, items: Sequence, batch_size: int, share: Share) -> Iterator[tuple[int, Any]]:
    import ray
    from ray.util import ActorPool

    numbered = enumerate(items)
    batches = iter(lambda: list(islice(numbered, batch_size)), [])
    start = ray.remote(_Worker).options(
        num_cpus=share.cpus,
        num_gpus=share.gpus,
        max_restarts=_MOST_RESTARTS,
        max_task_retries=-1,
        scheduling_strategy='SPREAD',
    )
    # As bytes, a worker that is started again fetches it again.
    stored = ray.cloudpickle.dumps(ray.put(work))
    count = min(share.workers, math.ceil(len(items) / batch_size))
    pool = ActorPool([start.remote(stored, share) for _ in range(count)])
    for batch in islice(batches, count):
        pool.submit(_do, batch)
    try:
        while pool.has_next():
            done = pool.get_next_unordered()
            if batch := next(batches, []):
                pool.submit(_do, batch)
            else:
                # It ends, so that one whose machine is gone can start in its place.
                pool.pop_idle()
            yield from done
    except ray.exceptions.RayTaskError as error:
        raise (error.cause or error) from error  # what it would be here
    except ray.exceptions.RayActorError as error:
        reason = str(error).strip().splitlines()[0].rstrip('.')
        raise UserError(
            f'a worker died {_MOST_RESTARTS + 1} times ({reason}); tools/check_videos.py names files that '
            'kill their decoder; put an empty file in the place of each, and --resume goes on'
        ) from error


def _do(worker: Any, batch: list[tuple[int, Any]]) -> Any:
    return worker.do.remote(batch)


class _Worker:
    """An actor."""

    def __init__(self, work: bytes, share: Share) -> None:
        import ray

        self.work: Work = ray.get(pickle.loads(work))
        self.work.start('cuda' if share.gpus else 'cpu', share.cpus)

    def do(self, batch: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        indices, items = zip(*batch)
        return list(zip(indices, self.work(items)))
