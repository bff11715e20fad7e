"""Complete and check a config once the options of a command are known."""

import difflib
import inspect
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmtin.compat.mmengine import own_config
from mmtin.errors import UserError

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# Top-level entries that are read after the file: by the Runner, by mmengine and here.
_READ_LATER = {
    *inspect.signature(Runner.__init__).parameters,
    'compile',
    'custom_imports',
    'data',
    'find_unused_parameters',
    'finetune',
    'model_wrapper_cfg',
    'runner_type',
    'strategy',
    'sync_bn',
    'test_protocol',
}


def find_config(name: str | Path) -> str:
    """The file of a config: at this path or, if it is a bare name, among the configs of mmtin as in mim.

    Args:
        name: such as ``work_dirs/mine/mine.py``, ``tin_r50_sthv1.py`` or ``mmtin::tin_r50_sthv1.py``.

    Raises:
        UserError: if there is none; says what may be meant.
    """
    name = str(name)
    if Path(name).is_file():
        return name
    bare = name.removeprefix('mmtin::')
    if Path(bare).name != bare:
        raise UserError(f'no config at {name}; check the path')
    try:
        return str(own_config(bare))
    except UserError as error:
        raise UserError(f'no config at {name}, and {error}') from error


def read_config(path: str | Path) -> Config:
    """Read a config file and complete it, ready to build from. Reading it runs its code.

    Raises:
        UserError: if the file is damaged, or its entries contradict each other.
    """
    try:
        cfg = Config.fromfile(path)
    except SyntaxError as error:
        raise UserError(f'the config {path} is damaged or cut off; {error}') from error
    init_default_scope(cfg.get('default_scope') or 'mmaction')
    if 'finetune' in cfg:
        name = Path(path).name
        raise UserError(
            f'{path} leaves its classes to the videos that it trains on; give the config that training '
            f'saved in its work directory, such as work_dirs/{Path(name).stem}/{name}'
        )
    choose_test_protocol(cfg)
    match_num_segments(cfg)
    return cfg


def refuse_late_options(cfg: Config, options: Iterable[str]) -> None:
    """Refuse options that would change nothing.

    ``num_segments``, ``split`` or ``data_root`` are variables that a config uses while its file is read:
    ``--cfg-options num_segments=16`` comes too late for model and pipelines and would be ignored. So would
    a misspelt name, such as ``max_epoch`` or ``modle.backbone.depth``.

    Args:
        cfg: as read from the file.
        options: names given with ``--cfg-options``.

    Raises:
        UserError: for such a variable or name, or for ``test_protocol`` in a config without protocols.
    """
    for name in options:
        if name in cfg and name not in _READ_LATER:
            raise UserError(
                f'--cfg-options {name}=... would change nothing: the config uses {name} while its file is '
                'read; set the entries that it fills in, or change it in a copy of the config'
            )
        if name == 'test_protocol' and 'test_protocols' not in cfg:
            raise UserError('this config has no test_protocols to choose a test_protocol from')
        entry = name.partition('.')[0]
        if entry not in cfg and entry not in _READ_LATER:
            raise UserError(
                f'--cfg-options {name}=... would change nothing: no config has an entry {entry}'
                + nearest(entry, {*cfg, *_READ_LATER}, inner=_inner_names(cfg))
            )


def nearest(name: str, known: Iterable[str], inner: Iterable[str] = ()) -> str:
    """The end of an error about an unknown name: the known name that is probably meant.

    Args:
        name: the unknown one.
        known: the valid names.
        inner: dotted names; the last part of one may be meant, too.
    """
    last_parts = {path.rpartition('.')[2]: path for path in inner}
    # Letters in the wrong case are the smallest mistake: Adamw is AdamW, not Adam.
    names = {each.lower(): each for each in sorted({*known, *last_parts})}
    found = [names[each] for each in difflib.get_close_matches(name.lower(), names, n=1)]
    return f'; do you mean {last_parts.get(found[0], found[0])}?' if found else '; check the name'


def _inner_names(node, prefix: str = '') -> Iterator[str]:
    """The names of single values in a config, such as ``train_cfg.max_epochs``."""
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _inner_names(value, f'{prefix}{key}.')
        elif prefix:
            yield f'{prefix}{key}'


def refuse_amp_without_gpu(cfg: Config) -> None:
    """Refuse mixed precision without a GPU, where mmengine ends in a bare assertion.

    Raises:
        UserError: if the config asks for it and there is no GPU.
    """
    if cfg.optim_wrapper.get('type') == 'AmpOptimWrapper' and get_device() == 'cpu':
        raise UserError(
            'mixed precision (--amp, AmpOptimWrapper) needs a GPU and there is none; train without it, or '
            'choose optim_wrapper.type=Bfloat16OptimWrapper'
        )


def match_num_segments(cfg: Config) -> None:
    """Give pipelines, backbone and head the same T, the number of frames per clip, in place.

    A config of a 2D network, such as MMAction2's TSN, states T in its pipelines alone, and may test with
    another T than it trains with. A TIN is built for one T. A backbone that does not state
    ``num_segments`` gets that of the training pipeline, and so do pipelines for validation and test that
    spread another number of frames over a video. Each change is logged. Configs with another backbone stay
    as they are.

    Raises:
        UserError: if the recognizer is a 3D one, or if backbone or head state another T than the training
            pipeline samples.
    """
    backbone = cfg.get('model', {}).get('backbone') or {}
    pipeline = next(_pipelines(cfg.get('train_dataloader')), None)
    kind = type_name(backbone)
    if kind not in ('TINResNet', 'RTCNResNet', 'TINMobileNetV2', 'TINMobileOne', 'InterlacedBackbone'):
        return
    _refuse_whole_clips(cfg)
    if pipeline is None:
        return
    sampling = _sampling(pipeline)
    if sampling is None:
        return
    clip_len, num_clips = sampling.get('clip_len', 1), sampling.get('num_clips', 1)
    # Stacked optical flow keeps the clip_len fields of a segment in its channels.
    stacked = backbone.get('in_channels') == 2 * clip_len
    spread = clip_len == 1 or stacked or any(step.get('input_format') == 'NCHW_Flow' for step in pipeline)
    num_segments = num_clips if spread else clip_len * num_clips

    if 'num_segments' not in backbone:
        backbone.num_segments = num_segments
        print_log(f'{kind}: num_segments = {num_segments}, what the training pipeline samples.', 'current')
    for part in ('backbone', 'cls_head'):
        stated = (cfg.model.get(part) or {}).get('num_segments', num_segments)
        if stated != num_segments:
            raise UserError(
                f'model.{part}.num_segments={stated}, but the training pipeline samples {num_segments} '
                'frames per clip; set both to the same number'
            )
    if spread:
        for name in ('val_dataloader', 'test_dataloader'):
            for pipeline in _pipelines(cfg.get(name)):
                step = _sampling(pipeline)
                if step is not None and step.get('num_clips') != num_segments:
                    print_log(
                        f'{name}: num_clips {step.get("num_clips")} -> {num_segments}, the number of '
                        f'frames that {kind} was built for.',
                        'current',
                    )
                    step['num_clips'] = num_segments


def _refuse_whole_clips(cfg: Config) -> None:
    """Refuse a recognizer that hands its backbone clips ``[N, 3, T, H, W]`` instead of frames."""
    recognizer = type_name(cfg.model)
    if '3D' in recognizer:
        raise UserError(
            f'{type_name(cfg.model.backbone)} takes frames, [N*T, 3, H, W], and the {recognizer} of this '
            'config gives its backbone whole clips; put it into a config of a Recognizer2D, such as '
            "MMAction2's of TSN or TSM"
        )


def choose_test_protocol(cfg: Config) -> None:
    """Give the test data loader the pipeline ``test_protocols[test_protocol]``, in place.

    A protocol says how many clips and crops of a video are scored and averaged; the variable
    ``test_protocol`` chooses among those of the config, such as ``--cfg-options test_protocol=2x3``.
    Configs without protocols are left as they are.

    Raises:
        UserError: if the config has no protocol of that name.
    """
    if 'test_protocols' not in cfg:
        return
    if cfg.test_protocol not in cfg.test_protocols:
        raise UserError(
            f'test_protocol must be one of {", ".join(cfg.test_protocols)}, got {cfg.test_protocol!r}'
        )
    cfg.test_dataloader.dataset.pipeline = cfg.test_protocols[cfg.test_protocol]


def reads_flow(cfg: Config) -> bool:
    """Whether the test set is of optical flow."""
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    return dataset.get('modality') == 'Flow' or any('Flow' in name for name in _input_formats(cfg))


def sees_whole_clips(cfg: Config) -> bool:
    """Whether the network takes clips ``[N, C, T, H, W]`` and not their frames as one batch."""
    return any(name.startswith('NCT') for name in _input_formats(cfg))


def _input_formats(cfg: Config) -> Iterator[str]:
    """How the test pipeline shapes what the network takes, such as ``NCHW``."""
    for pipeline in _pipelines(cfg.get('test_dataloader')):
        yield from (str(step.get('input_format')) for step in pipeline)


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
    return next((step for step in pipeline if 'Sample' in type_name(step)), None)


def type_name(node: Mapping) -> str:
    """The name of the class that a node of a config builds, '' if it names none.

    ``type`` may be the class itself, its name, or its name behind a scope or module: ``mmaction.ResNet``.
    """
    kind = node.get('type') or ''
    return kind.rpartition('.')[2] if isinstance(kind, str) else kind.__name__


def stated_num_segments(cfg: Config) -> int | None:
    """T, the number of frames per clip, as backbone or head state it; None if any T will do."""
    parts = (cfg.model.get('backbone') or {}, cfg.model.get('cls_head') or {})
    return next((part['num_segments'] for part in parts if part.get('num_segments')), None)
