"""What the workers of a cluster do: the same as the commands do by themselves."""

from collections.abc import Iterator, Sequence

from mmengine.registry import init_default_scope
from mmengine.utils import import_modules_from_strings
from torch import nn

from mmtin.commands.memory import keep_freed_memory
from mmtin.prediction.features import Features, Windows, extract_features
from mmtin.prediction.predict import Scores, predict_videos
from mmtin.prediction.videos import Fault, Video


class _WithNetwork:
    """Work with a network, which each worker has a copy of.

    Args:
        model: from :func:`mmtin.prediction.recognizer.load_recognizer`.
        batch_size: what goes through it at once.
        num_workers: processes that decode; None is what the worker has of CPUs, and none for one CPU.
    """

    def __init__(self, model: nn.Module, batch_size: int, num_workers: int | None) -> None:
        self.model = model
        self.batch_size = batch_size
        self.num_workers = num_workers

    def start(self, device: str, num_cpus: int) -> None:
        # The names in its config, which are looked up where it is built.
        if imports := self.model.cfg.get('custom_imports'):
            import_modules_from_strings(**imports)
        init_default_scope(self.model.cfg.get('default_scope', 'mmaction'))
        if device == 'cpu':
            keep_freed_memory()
        self.model.to(device)
        if self.num_workers is None:
            self.num_workers = num_cpus if num_cpus > 1 else 0


class Prediction(_WithNetwork):
    """:func:`mmtin.prediction.predict.predict_videos` of a worker's videos."""

    def __call__(self, videos: Sequence[Video]) -> list[Scores | Fault]:
        return list(self.results(videos))

    def results(self, videos: Sequence[Video]) -> Iterator[Scores | Fault]:
        """The same, one by one."""
        found = predict_videos(self.model, videos, self.batch_size, self.num_workers or 0)
        return (result for _, result in found)


class Extraction(_WithNetwork):
    """:func:`mmtin.prediction.features.extract_features` of a worker's videos."""

    def __init__(
        self, model: nn.Module, windows: Windows, batch_size: int, num_workers: int | None
    ) -> None:
        super().__init__(model, batch_size, num_workers)
        self.windows = windows

    def __call__(self, videos: Sequence[Video]) -> list[Features | Fault]:
        found = dict(
            extract_features(self.model, videos, self.windows, self.batch_size, self.num_workers or 0)
        )
        return [found[index] for index in range(len(videos))]
