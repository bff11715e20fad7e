"""Predictions along a video frame by frame, by a causal network: each frame goes through it once."""

import copy
from collections.abc import Iterable, Iterator, Sequence

import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn

from mmtin.errors import UserError
from mmtin.models import StreamState, stream_step
from mmtin.prediction.frames import Frame
from mmtin.prediction.pipeline import TestPipeline
from mmtin.prediction.precision import dtype_of
from mmtin.prediction.recognizer import confidences, top_classes
from mmtin.prediction.windows import on_grid


class OnlineRecognizer(nn.Module):
    """A causal recognizer that scores each frame of N streams by this frame and those before.

    The mean over T frames of what it gives is what the recognizer gives for their clip.

    Args:
        model: from :func:`mmtin.prediction.recognizer.load_recognizer`, with a head that scores frames:
            TSMHead, TSNHead.

    Raises:
        UserError: if its backbone is not causal.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        if not getattr(model.backbone, 'causal', False):
            raise UserError(
                f'this {type(model.backbone).__name__} looks at later frames, so it predicts in windows; '
                "for --online train a TINResNet with causal=True, offsets_per='frame' and reverse=False"
            )
        self.backbone = model.get_submodule('backbone')
        self.head = copy.deepcopy(model.get_submodule('cls_head'))
        self.head.num_segments = 1  # type: ignore[assignment]  # heads take it for a number

    def forward(self, frames: Tensor, state: StreamState | None = None) -> tuple[Tensor, StreamState]:
        """``[N, 3, H, W]``, normalised -> scores ``[N, classes]``, before softmax, and the next state."""
        features, state = stream_step(self.backbone, frames.to(dtype_of(self.backbone)), state)
        return self.head(features, num_segs=1), state


@torch.inference_mode()
def predict_online(
    model: nn.Module,
    frames: Iterable[Frame],
    rate: float,
    names: Sequence[str],
    k: int = 5,
    every: int = 1,
    smoothing: float = 0.5,
) -> Iterator[dict]:
    """Predict along a video, ``rate`` frames a second.

    Args:
        model: from :func:`mmtin.prediction.recognizer.load_recognizer`.
        frames: in the order in which they are shown.
        rate: frames a second that the network sees; others are passed over, missing ones repeated.
        names: of the classes, in label order.
        k: number of classes to name.
        every: frames that the network sees for a prediction that is yielded.
        smoothing: a in (0, 1], the share of the newest frame in the average, as in
            :func:`mmtin.prediction.predict.predict_windows`.

    Yields:
        ``time`` of the frame in seconds from the first one, ``predictions`` by it and those before, and
        ``smoothed``, their average.

    Raises:
        UserError: if the network is not causal, the test pipeline makes several crops of a frame, or a
            score is not finite.
    """
    recognizer, pipeline = OnlineRecognizer(model).eval(), TestPipeline(model.cfg)
    sampled = pipeline.sampled(1, rate)
    state, smooth = None, None
    for slot, shrunk in on_grid(frames, rate, pipeline):
        sample = pipeline.pack(sampled, [shrunk()])
        if len(sample['inputs']) != 1:
            raise UserError(
                f'the test pipeline makes {len(sample["inputs"])} crops of a frame; --online takes one, as '
                'CenterCrop makes'
            )
        inputs = model.data_preprocessor(pseudo_collate([sample]))['inputs']
        logits, state = recognizer(inputs.flatten(0, 1), state)
        (result,) = recognizer.head.predict_by_feat(logits, [ActionDataSample()])
        scores = confidences(model, result.pred_score)
        smooth = scores if smooth is None else smoothing * scores + (1 - smoothing) * smooth
        if slot % every == 0:
            yield dict(
                time=round(slot / rate, 3),
                predictions=top_classes(scores, names, k),
                smoothed=top_classes(smooth, names, k),
            )
