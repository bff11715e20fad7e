"""Export a recognizer to one file that runs without MMAction2 and mmtin."""

from mmtin.export.accuracy import metrics_on_test_set
from mmtin.export.agreement import check, check_stream, random_clips, read_clips
from mmtin.export.classifier import ClipClassifier, clip_shape, describe
from mmtin.export.formats import (
    export_program,
    open_onnx,
    open_program,
    require_onnx,
    write_onnx,
    write_program,
)
from mmtin.export.quantization import quantize
from mmtin.export.stream import StreamClassifier

__all__ = [
    'ClipClassifier',
    'StreamClassifier',
    'check',
    'check_stream',
    'clip_shape',
    'describe',
    'export_program',
    'metrics_on_test_set',
    'open_onnx',
    'open_program',
    'quantize',
    'random_clips',
    'read_clips',
    'require_onnx',
    'write_onnx',
    'write_program',
]
