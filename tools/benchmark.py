#!/usr/bin/env python
"""Measure what TIN costs, after checking that it gives the right answer.

Subjects take turns in every round. Tables show the median in milliseconds, its quartiles, and `x NAME`: the
median over the rounds of the ratio to NAME in the same round, for the same memory layout.
"""

import argparse
from collections.abc import Iterable

import torch
from rich.progress import Progress, track

from mmtin.benchmarking import environment, model, network, table, write_csv
from mmtin.benchmarking.arguments import parse_args
from mmtin.commands.arguments import DTYPES, one_sentence_errors, require_device
from mmtin.files.whole import require_free


def setting_of(args: argparse.Namespace) -> network.Setting:
    layouts = tuple(network.LAYOUTS) if args.layout == 'both' else (args.layout,)
    return network.Setting(layouts, args.size, DTYPES[args.dtype], args.device, not args.train_norm)


def bar(description: str):
    return lambda rounds: track(rounds, description)


def run_op(args: argparse.Namespace) -> Iterable[dict]:
    from mmtin.benchmarking import op

    inputs = op.make_inputs(
        args.clips, args.frames, args.channels, args.size, args.layout, DTYPES[args.dtype], args.device
    )
    return op.measure(inputs, args.repeats, args.against, args.warmup, bar('Timing'))


def run_model(args: argparse.Namespace) -> Iterable[dict]:
    cases = []
    for mode in ('inference', 'train') if args.mode == 'both' else (args.mode,):
        case = network.Case(mode, args.depth, args.frames, args.clips)
        cases += [case, *(network.sweep(case) if args.sweep else ())]
    return model.measure(
        list(dict.fromkeys(cases)), setting_of(args), args.against, args.repeats, args.warmup,
        args.max_minutes, track,
    )  # fmt: skip


def run_backbones(args: argparse.Namespace) -> Iterable[dict]:
    from mmtin.benchmarking import backbones

    with Progress() as progress:  # which ends before an error is printed
        networks = progress.track(args.networks, description='Timing')
        return backbones.measure(networks, args.frames, args.size, args.device, args.repeats, args.warmup)


def run_memory(args: argparse.Namespace) -> Iterable[dict]:
    from mmtin.benchmarking import memory

    case = network.Case('train', args.depth, args.frames, args.clips)
    return memory.measure(case, setting_of(args), args.against, bar('Training steps'))


def run_stream(args: argparse.Namespace) -> Iterable[dict]:
    from mmtin.benchmarking import stream

    return stream.measure(
        args.depth, args.streams, args.size, args.device, args.repeats, args.warmup, args.steps,
        args.frames, track,
    )  # fmt: skip


def run_loading(args: argparse.Namespace) -> Iterable[dict]:
    from mmtin.benchmarking import loading

    return loading.measure(
        args.videos, args.frames, args.repeats, args.warmup, args.against, bar('Loading')
    )


def run_cluster(args: argparse.Namespace) -> Iterable[dict]:
    from mmtin.benchmarking import cluster

    return cluster.measure(args.num_videos, args.repeats, bar('Predicting'))


RUN = {
    'op': run_op,
    'model': run_model,
    'backbones': run_backbones,
    'memory': run_memory,
    'stream': run_stream,
    'loading': run_loading,
    'cluster': run_cluster,
}
SIZES = ('clips', 'num_videos', 'frames', 'streams', 'channels', 'size', 'layout', 'dtype', 'train_norm')


def main() -> None:
    args = parse_args(__doc__)
    with one_sentence_errors():
        require_device(args.device)
        if args.csv:
            require_free(args.csv, force=args.force)
        if args.threads:
            torch.set_num_threads(args.threads)
        found = environment(args.device)
        sizes = {name: str(getattr(args, name)) for name in SIZES if hasattr(args, name)}
        for each in (found, sizes):
            print(', '.join(f'{name} {value}' for name, value in each.items()))
        records = RUN[args.command](args)
        print(table(records))
        if args.csv:
            write_csv(args.csv, records, {**found, **{f'--{name}': value for name, value in sizes.items()}})
            print(f'Every figure is in {args.csv}.')


if __name__ == '__main__':
    main()
