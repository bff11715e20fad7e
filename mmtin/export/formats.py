"""Write and open files of a network that run without mmtin: ONNX and programs of torch.export."""

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.export import ExportedProgram

from mmtin.compat.torch import require
from mmtin.errors import UserError
from mmtin.export.classifier import Exportable, Network
from mmtin.files.strict_json import to_json

# The exporter writes opset 18; onnx converts that to later ones.
MIN_OPSET = 18


def export_program(model: Exportable) -> ExportedProgram:
    """Trace the computation on the CPU, for any number of clips or streams.

    Raises:
        UserError: if torch is older than 2.6.
    """
    require((2, 6), 'exporting')
    inputs, count = model.example_inputs(), torch.export.Dim('N')
    with torch.no_grad():
        program = torch.export.export(model, inputs, dynamic_shapes=tuple({0: count} for _ in inputs))
    for graph in program.graph_module.modules():
        for node in graph.graph.nodes:
            node.meta.pop('stack_trace', None)  # paths of this machine, in a file for others
    return program


def write_program(program: ExportedProgram, path: Path, metadata: Mapping[str, str]) -> None:
    """Write a file for ``torch.export.load``, with the metadata in its extra file ``metadata.json``."""
    with warnings.catch_warnings():
        # About weights in channels_last; they are written completely.
        warnings.filterwarnings('ignore', 'No complete tensor found in the group')
        extra_files = {'metadata.json': to_json(metadata, ensure_ascii=False)}
        with path.open('wb') as file:  # torch would store the name in it, and checks its suffix
            torch.export.save(program, file, extra_files=extra_files)


def require_onnx(opset: int = MIN_OPSET) -> None:
    """Check that ONNX files can be written and run.

    Raises:
        UserError: if onnx, onnxscript or onnxruntime is missing, or does not know the opset.
    """
    try:
        import onnx
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(
            f'ONNX files need {error.name}, which is not installed; '
            "mend it with: pip install 'mmtin[export]'"
        ) from error
    newest = onnx.defs.onnx_opset_version()
    if not MIN_OPSET <= opset <= newest:
        raise UserError(f'opset must lie in {MIN_OPSET}..{newest}, which torch and onnx know, got {opset}')


def write_onnx(
    program: ExportedProgram,
    path: Path,
    metadata: Mapping[str, str],
    model: Exportable,
    opset: int = MIN_OPSET,
) -> None:
    """Write an ONNX file of standard operators with the metadata as its ``metadata_props``.

    Raises:
        UserError: as :func:`require_onnx`.
    """
    require_onnx(opset)
    from onnx_ir.passes.common import ClearMetadataAndDocStringPass

    # It warns of each operator of torchvision, which is not used here.
    logging.getLogger('torch.onnx._internal.exporter._registration').setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', FutureWarning)  # within torch itself
        warnings.filterwarnings('ignore', '.*The axis name: N will not be used')  # twice N is meant
        exported = torch.onnx.export(
            program,
            input_names=list(model.input_names),
            output_names=list(model.output_names),
            dynamic_shapes=tuple({0: 'N'} for _ in model.input_names),
            opset_version=opset,
            verbose=False,
        )
    ClearMetadataAndDocStringPass()(exported.model)
    exported.model.metadata_props.update(metadata)
    exported.save(path, external_data=False)


def open_program(path: Path) -> Network:
    """A function that runs the program in a file of :func:`write_program`."""
    with path.open('rb') as file:
        module = torch.export.load(file).module()

    def run(*inputs: Tensor) -> tuple[Tensor, ...]:
        with torch.inference_mode():
            return module(*inputs)

    return run


def open_onnx(path: Path) -> Network:
    """A function that runs an ONNX file on the CPU, with as many threads as torch has.

    Raises:
        UserError: as :func:`require_onnx`.
    """
    require_onnx()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    names = [value.name for value in session.get_inputs()]

    def run(*inputs: Tensor) -> tuple[Tensor, ...]:
        given = {name: value.numpy() for name, value in zip(names, inputs, strict=True)}
        return tuple(map(torch.from_numpy, session.run(None, given)))

    return run
