"""The exported network: from the pixels of clips to the probabilities of their classes."""

import json
from pathlib import Path

from mmaction.datasets.transforms import Resize
from mmengine.config import Config
from mmengine.dataset import Compose
from torch import Tensor, nn

from mmtin.config import stated_num_segments
from mmtin.datasets.released import PillowResize
from mmtin.errors import UserError
from mmtin.models import MultiLabelTSMHead
from mmtin.prediction.pipeline import TestPipeline
from mmtin.version import __version__


class ClipClassifier(nn.Module):
    """A recognizer with its normalisation: pixels in, probabilities out.

    Args:
        recognizer: a Recognizer2D in eval mode; it is not changed.

    Raises:
        UserError: if it is of another kind.
    """

    def __init__(self, recognizer: nn.Module) -> None:
        super().__init__()
        if not hasattr(recognizer, 'backbone') or not getattr(recognizer, 'with_cls_head', False):
            raise UserError(
                f'can export recognizers with a backbone and a head, got {type(recognizer).__name__}'
            )
        self.recognizer = recognizer
        head = recognizer.cls_head
        self.is_multi_label = isinstance(head, MultiLabelTSMHead) or head.multi_class

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """``[N, T, 3, H, W]`` RGB, uint8 -> scores and probabilities, each ``[N, classes]``.

        Probabilities are the softmax of the scores, or of a multi-label recognizer their sigmoid.
        """
        frames = clips.float()
        preprocessor = self.recognizer.data_preprocessor
        if preprocessor.to_rgb:
            frames = frames.flip(2)
        if preprocessor._enable_normalize:
            frames = (frames - preprocessor.mean) / preprocessor.std
        scores, _ = self.recognizer.extract_feat(frames, stage='head', test_mode=True)
        return scores, self.probabilities(scores)

    def probabilities(self, scores: Tensor) -> Tensor:
        """``[N, classes]`` of scores ``[N, classes]``."""
        return scores.sigmoid() if self.is_multi_label else scores.softmax(dim=1)


def clip_shape(cfg: Config) -> tuple[int, ...]:
    """``T, 3, H, W`` of the clips that the test pipeline of a config makes from a video of 340 x 256
    pixels.

    Raises:
        UserError: if the pipeline makes no clips for a 2D network.
    """
    num_segments = stated_num_segments(cfg)
    inputs = TestPipeline(cfg).blank_video()
    if len(inputs) != 4 or (num_segments and inputs[0] % num_segments):
        raise UserError(
            f'the test pipeline of the config makes inputs {list(inputs)}, expected '
            '[frames, 3, H, W]; only recognizers that see a clip as a batch of frames can be exported'
        )
    return num_segments or inputs[0], *inputs[1:]


def describe(
    cfg: Config, shape: tuple[int, ...], classes: list[str], model: ClipClassifier
) -> dict[str, str]:
    """Everything needed to use the file alone, as text by name."""
    preprocessor = cfg.model.get('data_preprocessor') or {}
    return dict(
        input='clips: uint8 [N, T, 3, H, W], RGB, 0..255, resized and cropped; normalised in the network',
        output='scores and probabilities: float32 [N, classes]',
        probabilities='sigmoid' if model.is_multi_label else 'softmax',
        num_segments=str(shape[0]),
        height=str(shape[2]),
        width=str(shape[3]),
        classes=json.dumps(classes, ensure_ascii=False),
        mean=json.dumps(preprocessor.get('mean')),
        std=json.dumps(preprocessor.get('std')),
        resize=json.dumps(_resize(cfg)),
        test_pipeline=json.dumps(cfg.test_dataloader.dataset.pipeline, default=str),
        config=Path(cfg.filename or '').stem,
        producer=f'mmtin {__version__}',
    )


def _resize(cfg: Config) -> dict:
    """How the test pipeline resizes frames; another way would give the network other pixels.

    ``short_side`` in pixels or ``size`` (width, height), the interpolation, and the class that does it:
    ``'Resize'`` is OpenCV's ``cv2.resize``, without antialiasing, ``'PillowResize'`` is Pillow's, with it.
    Empty if nothing is resized.
    """
    steps = Compose(cfg.test_dataloader.dataset.pipeline).transforms
    step = next((step for step in reversed(steps) if isinstance(step, Resize | PillowResize)), None)
    if step is None:
        return {}
    short_side = min(side for side in step.scale if side > 0)
    to = {'short_side': short_side} if step.keep_ratio else {'size': list(step.scale)}
    return dict(to, interpolation=getattr(step, 'interpolation', 'bilinear'), type=type(step).__name__)
