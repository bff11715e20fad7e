#!/usr/bin/env python
"""Train a recognizer. Takes the arguments of MMAction2's tools/train.py, and --verbose."""

import copy

import mmtin  # noqa: F401  # first, for the remedies that importing mmaction may need

# isort: split
import torch
from mmaction.registry import RUNNERS
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from mmtin.commands.arguments import add_verbose, mmaction2_tool, one_sentence_errors
from mmtin.commands.memory import keep_freed_memory
from mmtin.config import find_config, refuse_late_options
from mmtin.datasets.clip_names import name_clips
from mmtin.engine.distributed import join_without_gpu, leaving_together
from mmtin.engine.next_steps import next_steps
from mmtin.engine.preflight import TRAINING, look_over
from mmtin.engine.preflight.lists import follow_labels
from mmtin.engine.preflight.loaders import limit_workers
from mmtin.engine.preflight.schedule import check_length, follow_max_epochs
from mmtin.engine.preflight.work_dir import require_writable_work_dir
from mmtin.engine.resumption import go_on_from, resume, saying_how_to_resume
from mmtin.engine.terminal import briefly, progress_shown
from mmtin.engine.wrong_entries import one_sentence_on_wrong_entries
from mmtin.finetuning import use_own_videos


def main() -> None:
    upstream = mmaction2_tool('train', add_verbose)
    args = upstream['parse_args']()
    if not torch.cuda.is_available():
        keep_freed_memory()
    with one_sentence_errors(), leaving_together():
        args.config = find_config(args.config)
        cfg = Config.fromfile(args.config)
        refuse_late_options(cfg, args.cfg_options or ())
        if cfg.get('randomness') is not None:
            # In MMAction2 the randomness of a config overrides these arguments.
            given = {name: getattr(args, name) for name in ('seed', 'deterministic', 'diff_rank_seed')}
            cfg.randomness.update(
                {name: value for name, value in given.items() if value not in (None, False)}
            )
        written = copy.deepcopy(cfg)
        cfg = upstream['merge_args'](cfg, args)
        check_length(cfg)
        follow_max_epochs(cfg, written)
        follow_labels(cfg, written)
        load_from = (args.cfg_options or {}).get('load_from', written.get('load_from'))
        if args.resume:  # MMAction2 lets load_from of --cfg-options take its place
            cfg.resume, cfg.load_from = True, None if args.resume == 'auto' else args.resume
        require_writable_work_dir(cfg)
        use_own_videos(cfg, load_from)
        look_over(cfg, TRAINING)
        limit_workers(cfg, written)
        join_without_gpu(cfg)
        checkpoint = resume(cfg, load_from, args.seed)
        name_clips(cfg, 'train_dataloader')
        with saying_how_to_resume(cfg.work_dir), one_sentence_on_wrong_entries():
            kind = RUNNERS.get(cfg.runner_type) if 'runner_type' in cfg else Runner
            runner = (kind if args.verbose else briefly(kind)).from_cfg(cfg)
            go_on_from(runner, checkpoint)
            with progress_shown(runner, verbose=args.verbose):
                runner.train()
        if is_main_process():
            print(next_steps(runner))
        del runner  # holds the model: see leaving_together


if __name__ == '__main__':
    main()
