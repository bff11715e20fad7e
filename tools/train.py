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
        cfg = upstream['merge_args'](Config.fromfile(args.config), args)
        match_num_segments(cfg)
        Runner.from_cfg(cfg).train()


if __name__ == '__main__':
    main()
