"""What a network scores on the test set of its config."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from torch import Tensor

from mmtin.config import type_name
from mmtin.export.classifier import Exportable, Network


@torch.inference_mode()
def metrics_on_test_set(
    networks: Mapping[str, Network],
    model: Exportable,
    cfg: Config,
    shape: tuple[int, ...],
    track: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> dict[str, dict[str, float]]:
    """The metrics of the config's ``test_evaluator`` for each of ``networks``, all on the same pixels.

    What it dumps besides is not written.

    Args:
        networks: by name.
        model: what they compute.
        cfg: of the training.
        shape: ``T, 3, H, W`` of clips.
        track: wraps the numbers of the clips, to show progress.

    Returns:
        By network the metrics by name, as MMAction2 has them: accuracies are fractions.
    """
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    listed = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
    metrics = [metric for metric in listed if type_name(metric) != 'DumpResults']
    evaluators = {name: Evaluator(metrics) for name in networks}
    for number in track(range(len(dataset))):
        sample = dataset[number]
        clips = sample['inputs'].reshape(-1, *shape)
        for name, network in networks.items():
            truth = sample['data_samples'].clone()
            truth.set_pred_score(_probabilities(network, model, clips))
            evaluators[name].process([truth])
    return {name: evaluator.evaluate(len(dataset)) for name, evaluator in evaluators.items()}


def _probabilities(network: Network, model: Exportable, clips: Tensor) -> Tensor:
    """Those of a video ``[classes]``: the mean over views, of scores that are a mean over frames if a call
    sees one frame alone.
    """
    scores = [outputs[0] for _, outputs in model.along(network, clips)]
    return model.probabilities(torch.stack(scores).mean(dim=0)).mean(dim=0)
