#!/usr/bin/env python
"""Test a recognizer. Takes the arguments of MMAction2's tools/test.py, --force and --verbose."""

import argparse
import copy
import sys
from pathlib import Path

import torch
from mmengine.config import Config

from mmtin.commands.arguments import add_verbose, mmaction2_tool, one_sentence_errors, require_file
from mmtin.commands.memory import keep_freed_memory
from mmtin.config import find_config, refuse_late_options
from mmtin.datasets.clip_names import name_clips
from mmtin.engine.distributed import join_without_gpu, leaving_together
from mmtin.engine.preflight import TEST, look_over
from mmtin.engine.preflight.lists import follow_labels
from mmtin.engine.preflight.loaders import limit_workers
from mmtin.engine.preflight.work_dir import require_writable_work_dir
from mmtin.engine.terminal import briefly, progress_shown
from mmtin.engine.testing import Tester, require_free_dumps
from mmtin.engine.wrong_entries import one_sentence_on_wrong_entries
from mmtin.finetuning import use_own_videos


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = 'With mim: mim test mmtin CONFIG --checkpoint FILE [options]'
    add_checkpoint(parser)
    parser.add_argument('--force', action='store_true', help='replace the file of --dump')
    add_verbose(parser)


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--checkpoint',
        metavar='FILE',
        default=argparse.SUPPRESS,
        help='in place of the second argument, as mim takes it',
    )


def make_checkpoint_positional() -> None:
    """Put the file of ``--checkpoint`` where MMAction2's parser wants it."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_checkpoint(parser)
    args, others = parser.parse_known_args()
    if 'checkpoint' in args:
        sys.argv[1:] = [*others, '--', args.checkpoint]


def main() -> None:
    make_checkpoint_positional()
    upstream = mmaction2_tool('test', add_arguments)
    args = upstream['parse_args']()
    if not torch.cuda.is_available():
        keep_freed_memory()
    with one_sentence_errors(), leaving_together():
        args.config = find_config(args.config)
        require_file(args.checkpoint, 'checkpoint')
        cfg = Config.fromfile(args.config)
        refuse_late_options(cfg, args.cfg_options or ())
        written = copy.deepcopy(cfg)
        dump, args.dump = args.dump, None  # not an entry of the config
        cfg = upstream['merge_args'](cfg, args)
        cfg.merge_from_dict(args.cfg_options or {})
        cfg.launcher = args.launcher
        cfg.work_dir = args.work_dir or cfg.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
        follow_labels(cfg, written)
        require_free_dumps(cfg, dump, force=args.force)
        require_writable_work_dir(cfg)
        use_own_videos(cfg, written.get('load_from'))
        look_over(cfg, TEST)
        limit_workers(cfg, written)
        join_without_gpu(cfg)
        if dump:
            name_clips(cfg)
        with one_sentence_on_wrong_entries():
            tester = (Tester if args.verbose else briefly(Tester)).of(cfg, args.checkpoint, dump)
            with progress_shown(tester, verbose=args.verbose):
                tester.test()
        del tester  # holds the model: see leaving_together


if __name__ == '__main__':
    main()
