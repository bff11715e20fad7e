#!/usr/bin/env python
"""Test a recognizer. Takes the arguments of MMAction2's tools/test.py."""

from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from mmtin.commands.arguments import mmaction2_tool, one_sentence_errors, require_file
from mmtin.config import choose_test_protocol, match_num_segments, refuse_late_options
from mmtin.datasets.clip_names import name_clips
from mmtin.engine.distributed import join_without_gpu, leaving_together
from mmtin.finetuning import use_own_videos


def main() -> None:
    upstream = mmaction2_tool('test')
    args = upstream['parse_args']()
    with one_sentence_errors(), leaving_together():
        require_file(args.config, 'config')
        require_file(args.checkpoint, 'checkpoint')
        cfg = Config.fromfile(args.config)
        refuse_late_options(cfg, args.cfg_options or ())
        cfg = upstream['merge_args'](cfg, args)
        cfg.merge_from_dict(args.cfg_options or {})
        cfg.launcher = args.launcher
        load_from, cfg.load_from = cfg.get('load_from'), args.checkpoint
        cfg.work_dir = args.work_dir or cfg.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
        join_without_gpu(cfg)
        use_own_videos(cfg, load_from)
        choose_test_protocol(cfg)
        match_num_segments(cfg)
        if args.dump:
            name_clips(cfg)
        Runner.from_cfg(cfg).test()


if __name__ == '__main__':
    main()
