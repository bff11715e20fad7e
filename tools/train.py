#!/usr/bin/env python
"""Train a recognizer. Takes the arguments of MMAction2's tools/train.py."""

from mmengine.config import Config
from mmengine.runner import Runner

from mmtin.commands import mmaction2_tool, one_sentence_errors, require_file
from mmtin.config import match_num_segments, refuse_late_options


def main() -> None:
    upstream = mmaction2_tool('train')
    args = upstream['parse_args']()
    with one_sentence_errors():
        require_file(args.config, 'config')
        cfg = Config.fromfile(args.config)
        refuse_late_options(cfg, args.cfg_options or ())
        if cfg.get('randomness') is not None:
            # MMAction2 lets the randomness of a config win over these arguments.
            given = {name: getattr(args, name) for name in ('seed', 'deterministic', 'diff_rank_seed')}
            cfg.randomness.update(
                {name: value for name, value in given.items() if value not in (None, False)}
            )
        cfg = upstream['merge_args'](cfg, args)
        match_num_segments(cfg)
        Runner.from_cfg(cfg).train()


if __name__ == '__main__':
    main()
