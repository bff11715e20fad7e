"""Check the metric that the best checkpoint is chosen by."""

import re

from mmaction.evaluation import AccMetric
from mmaction.registry import METRICS
from mmengine.config import Config
from mmengine.evaluator import DumpResults
from mmengine.registry import init_default_scope

from mmtin.engine.wrong_entries import no_such_metric


def check_save_best(cfg: Config) -> None:
    """Refuse a ``save_best`` that the validation does not give.

    The names of metrics follow from the config for MMAction2's AccMetric alone; with other metrics, nothing
    is refused.

    Raises:
        UserError: for such a name.
    """
    chosen = ((cfg.get('default_hooks') or {}).get('checkpoint') or {}).get('save_best') or []
    metrics = _metrics(cfg)
    for name in [chosen] if isinstance(chosen, str) else chosen:
        # AccMetric puts rgb_ or pose_ before a name where a network gives the scores of both.
        given = [re.escape(metric).replace('/', '/(.+_)?') for metric in metrics]
        if metrics and name != 'auto' and not re.fullmatch('|'.join(given), name):
            raise no_such_metric(name, metrics)


def _metrics(cfg: Config) -> list[str]:
    """The names of the metrics of the validation, none if another metric than AccMetric may give some."""
    init_default_scope(cfg.get('default_scope') or 'mmaction')
    evaluator = cfg.get('val_evaluator') or []
    names = []
    for metric in evaluator if isinstance(evaluator, list | tuple) else [evaluator]:
        kind = metric.get('type')
        kind = METRICS.get(kind) if isinstance(kind, str) else kind
        if kind is AccMetric:
            names += _of_acc_metric(metric)
        elif kind is not DumpResults:
            return []
    return names


def _of_acc_metric(metric: dict) -> list[str]:
    kinds = metric.get('metric_list', ('top_k_accuracy', 'mean_class_accuracy'))
    topk = (metric.get('metric_options') or {}).get('top_k_accuracy', {}).get('topk', (1, 5))
    of_kind = {
        'top_k_accuracy': [f'top{k}' for k in ([topk] if isinstance(topk, int) else topk)],
        'mean_class_accuracy': ['mean1'],
    }
    return [
        f'{metric.get("prefix") or "acc"}/{name}'
        for kind in ([kinds] if isinstance(kinds, str) else kinds)
        for name in of_kind.get(kind, [kind])
    ]
