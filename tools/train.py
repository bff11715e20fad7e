#!/usr/bin/env python
"""Train a recognizer. Takes the arguments of MMAction2's tools/train.py."""

from mmaction.registry import RUNNERS
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from mmtin.commands.arguments import mmaction2_tool, one_sentence_errors, require_file
from mmtin.config import match_num_segments, refuse_amp_without_gpu, refuse_late_options
from mmtin.datasets.clip_names import name_clips
from mmtin.engine.distributed import join_without_gpu, leaving_together
from mmtin.engine.next_steps import next_steps
from mmtin.engine.resumption import one_sentence_on_full_disk, resume
from mmtin.finetuning import use_own_videos


def main() -> None:
    upstream = mmaction2_tool('train')
    args = upstream['parse_args']()
    with one_sentence_errors(), leaving_together():
        require_file(args.config, 'config')
        cfg = Config.fromfile(args.config)
        refuse_late_options(cfg, args.cfg_options or ())
        if cfg.get('randomness') is not None:
            # MMAction2 lets the randomness of a config win over these arguments.
            given = {name: getattr(args, name) for name in ('seed', 'deterministic', 'diff_rank_seed')}
            cfg.randomness.update(
                {name: value for name, value in given.items() if value not in (None, False)}
            )
        load_from = cfg.get('load_from')
        cfg = upstream['merge_args'](cfg, args)
        use_own_videos(cfg, (args.cfg_options or {}).get('load_from', load_from))
        refuse_amp_without_gpu(cfg)
        join_without_gpu(cfg)
        resume(cfg, load_from, args.seed)
        match_num_segments(cfg)
        name_clips(cfg, 'train_dataloader')
        with one_sentence_on_full_disk(cfg.work_dir):
            runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
            runner.train()
        if is_main_process():
            print(next_steps(runner))


if __name__ == '__main__':
    main()
