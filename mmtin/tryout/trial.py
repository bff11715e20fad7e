"""What a network makes of one video: its classes, their course along the video, and its interlacing."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from mmtin.config import stated_num_segments
from mmtin.errors import UserError
from mmtin.interlacing.record import InterlacingRecord
from mmtin.interlacing.recorder import InterlacingRecorder, InterlacingStatistics, interlacing_layers
from mmtin.interlacing.strip import InterlacedClip, interlaced_by
from mmtin.prediction import Fault, class_names, load_recognizer, predict_windows, top_classes
from mmtin.prediction.frames import Frame, last_seconds, open_file
from mmtin.prediction.pipeline import TestPipeline
from mmtin.prediction.predict import predict_samples
from mmtin.prediction.videos import short_video
from mmtin.prediction.windows import cut_windows, sliding_spans


def _ignore(done: float) -> None:
    pass


@dataclass(frozen=True)
class Course:
    """Probabilities ``[W, K]`` of K classes in W windows along a video; ``spans`` ``[W, 2]``, seconds."""

    names: Sequence[str]
    spans: Tensor
    scores: Tensor


@dataclass(frozen=True)
class Trial:
    """What a network makes of a video.

    Attributes:
        predictions: the likeliest classes of the whole video, as
            :func:`mmtin.prediction.recognizer.top_classes` gives them.
        note: what to know of the video; None if nothing.
        course: of these classes.
        record: the offsets and weights of its views; None of a network without interlacing.
        clips: its first view, interlaced by each layer.
    """

    predictions: list[dict]
    note: str | None
    course: Course
    record: InterlacingRecord | None
    clips: dict[str, InterlacedClip]


@dataclass(frozen=True)
class Options:
    """How videos are tried: classes to name; seconds of a window, between two, and of the longest video."""

    topk: int = 5
    window: float = 2.0
    stride: float = 1.0
    max_length: float = 300.0


class Network:
    """A trained recognizer, ready to be tried on videos, one at a time.

    Raises:
        UserError: if config, checkpoint, labels or device is not available, or they do not fit together.
    """

    def __init__(
        self, config: str, checkpoint: str, labels: Path | None, device: str, options: Options
    ) -> None:
        self.name = Path(config).stem
        self.options = options
        self._model: nn.Module = load_recognizer(config, checkpoint, device)
        self.classes = class_names(self._model.cfg, labels)
        self.num_segments = stated_num_segments(self._model.cfg) or 1
        self.layers = list(interlacing_layers(self._model))
        self._pipeline = TestPipeline(self._model.cfg)

    def try_video(self, path: Path, name: str, progress: Callable[[float], object] = _ignore) -> Trial:
        """Predict the whole video, and windows along it as ``predict.py --stream`` cuts them.

        Args:
            path: of the file.
            name: of the video, for what is said of it.
            progress: is called with the share that is done; what it raises ends the trial.

        Raises:
            UserError: if it cannot be read or is too long.
        """
        try:
            self._require_seconds(last_seconds(path), name)  # before it is decoded
            sample, num_frames = self._pipeline.whole_video(str(path))
        except UserError:
            raise
        except Exception as error:  # a damaged file can raise anything
            raise _unreadable(name, error) from error
        with InterlacingRecorder(self._model) as recorder:
            (scores,) = predict_samples(self._model, [sample])
            taken = recorder.take()
        best = top_classes(scores, self.classes, self.options.topk)
        course = self._course(path, name, [found['label'] for found in best], num_frames, progress)
        is_short = num_frames < self.num_segments
        note = short_video(num_frames, self.num_segments) if is_short else None
        if not taken:
            return Trial(best, note, course, None, {})
        statistics = InterlacingStatistics()
        statistics.add(taken)
        # A copy, so that other views are not kept.
        frames = sample['inputs'][: self._model.backbone.num_segments].clone()
        layers = recorder.layers
        clips = {name: interlaced_by(layers[name], *outputs, frames) for name, outputs in taken.items()}
        return Trial(best, note, course, statistics.record(layers), clips)

    def _require_seconds(self, seconds: float, name: str) -> None:
        if seconds > self.options.max_length:
            raise UserError(
                f'{name} is longer than {self.options.max_length:g} seconds; cut it, '
                'or start the page with a larger --max-length'
            )

    def _course(
        self, path: Path, name: str, labels: list[int], num_frames: int, progress: Callable[[float], object]
    ) -> Course:
        options, spans, scores = self.options, [], []
        with open_file(path) as source:
            steps = 1 + max(1, math.ceil(num_frames / source.fps / options.stride))
            windows = cut_windows(
                self._checked(source.frames, name),
                source.fps,
                sliding_spans(options.window, options.stride, source.fps),
                self._pipeline,
            )
            progress(1 / steps)  # the whole video is predicted by now
            for found in predict_windows(
                self._model, windows, source.fps, self.classes, len(self.classes), smoothing=1
            ):
                by_label = {entry['label']: entry['score'] for entry in found['predictions']}
                spans.append((found['start'], found['end']))
                scores.append([by_label[label] for label in labels])
                progress(min(1, (1 + len(spans)) / steps))
        names = [self.classes[label] for label in labels]
        return Course(names, torch.tensor(spans), torch.tensor(scores))

    def _checked(self, frames: Iterator[Frame], name: str) -> Iterator[Frame]:
        try:
            for frame in frames:
                self._require_seconds(frame.seconds, name)
                yield frame
        except UserError:
            raise
        except Exception as error:
            raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> UserError:
    return UserError(f'{name} cannot be read ({Fault.of(error).reason}); give a video that FFmpeg plays')
