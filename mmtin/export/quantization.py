"""ONNX files in 8-bit integers, by ONNX Runtime's static quantisation."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from mmtin.export.classifier import Exportable
from mmtin.export.formats import require_onnx


def quantize(path: Path, model: Exportable, clips: Iterable[Tensor]) -> None:
    """Turn an ONNX file into one that computes what takes the time, convolutions over space, in INT8.

    The small networks that predict offsets stay in single precision: a 256th of their range would be up to
    a 32nd of a frame.

    Args:
        path: of a file of :func:`mmtin.export.write_onnx`. Inputs, outputs and metadata stay.
        model: what it was made of.
        clips: of some videos, ``[views, T, 3, H, W]`` uint8 each. Activations are cut to the ranges that
            they show.

    Raises:
        UserError: as :func:`mmtin.export.require_onnx`.
    """
    require_onnx()
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Calibration(CalibrationDataReader):
        def __init__(self) -> None:
            self.calls = (call for of_video in clips for call in model.along(model, of_video))

        def get_next(self) -> dict | None:
            with torch.inference_mode():
                inputs, _ = next(self.calls, ((), ()))
            return {name: value.numpy() for name, value in zip(model.input_names, inputs)} or None

    with tempfile.TemporaryDirectory() as folder:
        folded, quantised = Path(folder) / 'folded.onnx', Path(folder) / 'quantised.onnx'
        quant_pre_process(path, folded, skip_symbolic_shape=True)  # puts BatchNorm into convolutions
        quantize_static(
            folded,
            quantised,
            Calibration(),
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            # Without it, sums of two products overflow on processors that lack VNNI.
            reduce_range=True,
            nodes_to_quantize=list(_costly_nodes(onnx.load(folded))),
        )
        network = onnx.load(quantised)
    _tidy(network, onnx.load(path))
    onnx.save(network, path)


def _costly_nodes(model) -> Iterator[str]:
    sizes = {weight.name: len(weight.dims) for weight in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == 'Conv' and sizes.get(node.input[1]) == 4:
            yield node.name


def _tidy(model, original) -> None:
    """Take out what ONNX Runtime noted for itself, which other runtimes refuse or users would misread."""
    used = {node.domain for node in model.graph.node}
    for field, kept in (
        (model.opset_import, [entry for entry in model.opset_import if entry.domain in used]),
        (model.metadata_props, list(original.metadata_props)),
    ):
        del field[:]
        field.extend(kept)
