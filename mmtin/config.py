"""Make a config whose backbone was swapped consistent in its number of frames."""

from collections.abc import Iterator

from mmengine.config import Config, ConfigDict
from mmengine.logging import print_log

from mmtin.errors import UserError


def match_num_segments(cfg: Config) -> None:
    """Make T, the frames of a clip, the same in pipelines and backbone, in place.

    A config of a 2D network, such as MMAction2's TSN, says in its pipeline alone how many frames it
    samples, and tests on another number than it trains on. TINResNet is tied to T: a backbone that does
    not say ``num_segments`` gets that of the training pipeline, and pipelines for validation and test
    that spread another number of frames over a video get it too. Each change is logged. Configs with
    another backbone are left as they are.

    Raises:
        UserError: if the backbone says another T than the training pipeline samples.
    """
    backbone = cfg.get('model', {}).get('backbone') or {}
    pipeline = next(_pipelines(cfg.get('train_dataloader')), None)
    if _type_name(backbone) != 'TINResNet' or pipeline is None:
        return
    sampling = _sampling(pipeline)
    if sampling is None:
        return
    clip_len, num_clips = sampling.get('clip_len', 1), sampling.get('num_clips', 1)
    # Stacked optical flow keeps the clip_len fields of a segment in its channels.
    spread = clip_len == 1 or any(step.get('input_format') == 'NCHW_Flow' for step in pipeline)
    num_segments = num_clips if spread else clip_len * num_clips

    stated = backbone.setdefault('num_segments', num_segments)
    if stated != num_segments:
        raise UserError(
            f'model.backbone.num_segments={stated}, but the training pipeline samples {num_segments} '
            'frames per clip; set both to the same number'
        )
    if spread:
        for name in ('val_dataloader', 'test_dataloader'):
            for pipeline in _pipelines(cfg.get(name)):
                step = _sampling(pipeline)
                if step is not None and step.get('num_clips') != num_segments:
                    print_log(
                        f'{name}: num_clips {step.get("num_clips")} -> {num_segments}, the number of '
                        'frames that TINResNet was built for.',
                        'current',
                    )
                    step['num_clips'] = num_segments


def _pipelines(node) -> Iterator[list[ConfigDict]]:
    """Every transform pipeline in a data loader's config, also inside dataset wrappers."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == 'pipeline':
                yield value
            else:
                yield from _pipelines(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from _pipelines(value)


def _sampling(pipeline: list[ConfigDict]) -> ConfigDict | None:
    """The transform that chooses the frames."""
    return next((step for step in pipeline if 'Sample' in _type_name(step)), None)


def _type_name(node: dict) -> str:
    kind = node.get('type', '')
    return kind.rpartition('.')[2] if isinstance(kind, str) else kind.__name__
