#!/usr/bin/env python
"""Train a recognizer. Takes the arguments of MMAction2's tools/train.py."""

from mmengine.config import Config
from mmengine.runner import Runner

from mmtin.commands import mmaction2_tool, one_sentence_errors
from mmtin.config import match_num_segments


def main() -> None:
    upstream = mmaction2_tool('train')
    args = upstream['parse_args']()
    with one_sentence_errors():
        cfg = Config.fromfile(args.config)
        if args.seed is not None:
            # MMAction2 lets the seed of a config win over that of the command.
            cfg.pop('randomness', None)
        cfg = upstream['merge_args'](cfg, args)
        match_num_segments(cfg)
        Runner.from_cfg(cfg).train()


if __name__ == '__main__':
    main()
