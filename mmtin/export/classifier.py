"""The exported network: from the pixels of clips to the probabilities of their classes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from mmaction.datasets.transforms import Resize
from mmengine.config import Config
from mmengine.dataset import Compose
from torch import Tensor, nn

from mmtin.config import stated_num_segments
from mmtin.datasets.released import PillowResize
from mmtin.errors import UserError
from mmtin.files.strict_json import to_json
from mmtin.models import MultiLabelTSMHead
from mmtin.prediction.pipeline import TestPipeline
from mmtin.version import __version__

# The computation of an Exportable, by itself or by a file.
Network = Callable[..., tuple[Tensor, ...]]
# Its inputs and outputs.
Call = tuple[tuple[Tensor, ...], tuple[Tensor, ...]]


class Exportable(nn.Module):
    """A network from pixels to probabilities, with what a file needs to know of it."""

    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    is_multi_label: bool

    def example_inputs(self, count: int = 2) -> tuple[Tensor, ...]:
        """Inputs that it takes, black, of so many clips or streams."""
        raise NotImplementedError

    def along(self, network: Network, clips: Tensor) -> Iterator[Call]:
        """What ``network`` is given and gives over the clips ``[views, T, 3, H, W]`` of a video."""
        raise NotImplementedError

    def probabilities(self, scores: Tensor) -> Tensor:
        """``[N, classes]`` of scores ``[N, classes]``."""
        return scores.sigmoid() if self.is_multi_label else scores.softmax(dim=1)


class ClipClassifier(Exportable):
    """A recognizer with its normalisation: pixels in, probabilities out.

    Args:
        recognizer: a Recognizer2D in eval mode; it is not changed.
        shape: ``T, 3, H, W`` of its clips.

    Raises:
        UserError: if it is of another kind.
    """

    input_names = ('clips',)
    output_names = 'scores', 'probabilities'

    def __init__(self, recognizer: nn.Module, shape: tuple[int, ...] = ()) -> None:
        super().__init__()
        if not hasattr(recognizer, 'backbone') or not getattr(recognizer, 'with_cls_head', False):
            raise UserError(
                f'can export recognizers with a backbone and a head, got {type(recognizer).__name__}'
            )
        self.recognizer = recognizer
        self.shape = shape
        self.is_multi_label = is_multi_label(recognizer.get_submodule('cls_head'))

    def example_inputs(self, count: int = 2) -> tuple[Tensor, ...]:
        """Black clips."""
        return (torch.zeros(count, *self.shape, dtype=torch.uint8),)

    def along(self, network: Network, clips: Tensor) -> Iterator[Call]:
        """One call for all clips."""
        yield (clips,), network(clips)

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """``[N, T, 3, H, W]`` RGB, uint8 -> scores and probabilities, each ``[N, classes]``.

        Probabilities are the softmax of the scores, or of a multi-label recognizer their sigmoid.
        """
        frames = normalised(self.recognizer.get_submodule('data_preprocessor'), clips)
        scores, _ = self.recognizer.extract_feat(frames, stage='head', test_mode=True)
        return scores, self.probabilities(scores)


def is_multi_label(head: nn.Module) -> bool:
    """Whether its probabilities are sigmoids of each class.

    MMAction2's own heads say their softmax where ``average_clips='prob'``, for several labels too.
    """
    if isinstance(head, MultiLabelTSMHead):
        return True
    return head.multi_class is True and head.average_clips != 'prob'


def normalised(preprocessor: nn.Module, frames: Tensor) -> Tensor:
    """``[*, 3, H, W]`` uint8 as the data preprocessor of a recognizer gives them to the network."""
    values = frames.float()
    if preprocessor.to_rgb:
        values = values.flip(-3)
    if preprocessor._enable_normalize:
        values = (values - preprocessor.mean) / preprocessor.std
    return values


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


def describe(cfg: Config, shape: tuple[int, ...], classes: list[str], model: Exportable) -> dict[str, str]:
    """Everything needed to use the file alone, as text by name."""
    preprocessor = cfg.model.get('data_preprocessor') or {}
    pixels = 'RGB, 0..255, resized and cropped; normalised in the network'
    scores = 'scores and probabilities: float32 [N, classes]'
    if 'state' in model.input_names:
        takes = f'frames: uint8 [N, 3, H, W], {pixels}; state: float32 [N, S], zero before the first frame'
        gives = f'{scores}; next_state: float32 [N, S], the state for the next frames'
    else:
        takes, gives = f'clips: uint8 [N, T, 3, H, W], {pixels}', scores
    return dict(
        input=takes,
        output=gives,
        probabilities='sigmoid' if model.is_multi_label else 'softmax',
        num_segments=str(shape[0]),
        height=str(shape[2]),
        width=str(shape[3]),
        classes=to_json(classes, ensure_ascii=False),
        mean=to_json(preprocessor.get('mean')),
        std=to_json(preprocessor.get('std')),
        resize=to_json(_resize(cfg)),
        test_pipeline=to_json(cfg.test_dataloader.dataset.pipeline, default=str),
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
