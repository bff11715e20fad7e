"""Time prediction by one process and by nodes of a cluster, all on this machine."""

import logging
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import sub
from pathlib import Path
from statistics import median
from typing import Any

import torch
from mmaction.apis import init_recognizer

from mmtin.benchmarking.output import record
from mmtin.benchmarking.timing import alternate, compare
from mmtin.cluster import spread
from mmtin.config import find_config, read_config
from mmtin.datasets.synthetic import write_dataset
from mmtin.errors import UserError
from mmtin.prediction.spread_work import Prediction
from mmtin.prediction.videos import list_videos

_CONFIG = 'tin_r18_demo.py'
_HELD_OUT = 8  # of the data set, which must have some
_MEMORY = 80_000_000  # bytes of a node for what goes from process to process; the least that Ray takes


def measure(
    num_videos: int, repeats: int, track: Callable[[range], Iterable[int]] = iter
) -> list[dict[str, object]]:
    """Records of one process and of clusters of one and two nodes: the time of all videos.

    ``first s`` is when the first results are there, ``videos/s`` the rate from then on; both are medians.

    Args:
        num_videos: of the demo's, made for it; a multiple of 8.
        repeats: rounds.
        track: wraps the rounds to show progress.

    Raises:
        UserError: if Ray is not installed, or a cluster predicts otherwise than one process.
    """
    timing = Spread(num_videos)
    with timing.ready():
        seconds = alternate(timing.subjects, repeats, 0, track=track)
    later = num_videos - timing.batch_size
    return [
        record(
            {},
            row,
            **{
                'first s': median(timing.first[row.name]),
                'videos/s': later / median(map(sub, seconds[row.name], timing.first[row.name])),
            },
        )
        for row in compare(seconds, {name: {'plain': 'plain'} for name in timing.subjects})
    ]


class Spread:
    """The subjects of a timing: ``plain``, and one for each size of a cluster, of nodes with one core each.

    Args:
        num_videos: of the demo's, made for it; a multiple of 8.
        batch_size: of videos.

    Attributes:
        subjects: each predicts all videos, by name, and returns how many.
        first: seconds until the first result, of each call, by name.
    """

    def __init__(self, num_videos: int, batch_size: int = 8) -> None:
        self.num_videos = num_videos
        self.batch_size = batch_size
        self.first: dict[str, list[float]] = defaultdict(list)
        self.subjects: dict[str, Callable[[], int]] = {}

    @contextmanager
    def ready(self, sizes: tuple[int, ...] = (1, 2)) -> Iterator[None]:
        """Make the videos, start the clusters, and check that all subjects predict the same.

        Raises:
            UserError: if Ray is not installed, or they do not.
        """
        # Nobody else reaches the cluster. By default its workers would give way to other work.
        os.environ.update(RAY_AUTH_MODE='disabled', RAY_USAGE_STATS_ENABLED='0', RAY_worker_niceness='0')
        try:
            import ray  # noqa: F401
        except ImportError as error:
            raise UserError('this takes Ray; pip install "mmtin[ray]" or ray itself') from error
        logging.getLogger('ray').setLevel(logging.ERROR)
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder, 'demo')
            write_dataset(root, self.num_videos + _HELD_OUT, _HELD_OUT, seed=0)
            videos = list_videos(str(root))[: self.num_videos]
            torch.manual_seed(0)
            model = init_recognizer(read_config(find_config(_CONFIG)), None, 'cpu')
            model.cls_head.average_clips = 'prob'
            work = Prediction(model, self.batch_size, num_workers=0)
            work.start('cpu', 1)
            expected = dict(enumerate(work(videos)))
            self.subjects['plain'] = partial(self._run, 'plain', lambda: enumerate(work.results(videos)))
            clusters = []
            try:
                for size in sizes:
                    clusters.append(_cluster(size))
                    name = f'{size} node{"s" if size > 1 else ""}'
                    go = partial(
                        spread, work, videos, clusters[-1].address, self.batch_size, use_gpus=False
                    )
                    _require_same(dict(go()), expected, name)
                    self.subjects[name] = partial(self._run, name, go)
                yield
            finally:
                for cluster in clusters:
                    cluster.shutdown()

    def _run(self, name: str, go: Callable[[], Iterator[tuple[int, Any]]]) -> int:
        begin, count = time.perf_counter(), 0
        for _ in go():
            if not count:
                self.first[name].append(time.perf_counter() - begin)
            count += 1
        return count


def _cluster(size: int):
    from ray.cluster_utils import Cluster

    node: dict[str, Any] = dict(
        num_cpus=1, num_gpus=0, object_store_memory=_MEMORY, include_dashboard=False
    )
    cluster = Cluster(initialize_head=True, head_node_args=node)
    for _ in range(size - 1):
        cluster.add_node(**node)
    cluster.wait_for_nodes()
    return cluster


def _require_same(found: dict, expected: dict, name: str) -> None:
    same = found.keys() == expected.keys() and all(
        torch.allclose(found[index].scores, expected[index].scores, atol=1e-5) for index in found
    )
    if not same:
        raise UserError(f'{name} predicts otherwise than plain; nothing was timed')
