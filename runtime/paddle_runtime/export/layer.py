"""The dynamic layer: its own input_spec, and running it as the Python that it is."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from paddle_runtime.bundle.signature import TensorSpec
from paddle_runtime.export.branches import Branch, branches
from paddle_runtime.export.faults import ExportFault, ExportReason
from paddle_runtime.export.framework import paddle, without_spec_warning
from paddle_runtime.export.inputs import Bucket, Inputs, declared_inputs, shown, wrong
from paddle_runtime.export.source import Layer
from paddle_runtime.export.watch import Watch
from paddle_runtime.pipeline.seeded import seeded_array
from paddle_runtime.predictor.session import Array, paddle_words


def forward_of(layer: Layer) -> tuple[Any, Sequence[Any] | None]:
    """Its forward as plain Python, and the input_spec that @to_static gave it, if any."""
    with without_spec_warning():
        forward = layer.forward
    if not hasattr(forward, "dygraph_function"):
        return forward, None
    # the public property refuses to answer unless full_graph was asked for
    return forward.dygraph_function, forward._function_spec.input_spec  # noqa: SLF001


def own_inputs(layer: Layer) -> tuple[TensorSpec, ...]:
    """What the layer itself says that it takes."""
    forward, spec = forward_of(layer)
    if spec is None:
        raise wrong(
            f"{type(layer).__name__}.forward has no input_spec: give it one with "
            "@paddle.jit.to_static(input_spec=[...]), or say it with --input, "
            "such as --input x=FP32[-1,3,48,-1]"
        )
    return declared_inputs(spec, [name for name in inspect.signature(forward).parameters if name != "self"])


def arrays_of(inputs: Inputs, bucket: Bucket, seed: int) -> dict[str, Array]:
    """The seeded values of every input at a bucket's shapes; each input has its own."""
    return {
        spec.name: seeded_array(spec.datatype, bucket[spec.name], inputs.seeded(spec.name, seed + index))
        for index, spec in enumerate(inputs.specs)
    }


class Dynamic:
    """The layer run by Python, one call at a time, without gradients."""

    def __init__(self, layer: Layer, specs: Sequence[TensorSpec]) -> None:
        self._names = [spec.name for spec in specs]
        self._layer = layer
        layer.forward = forward_of(layer)[0]  # from here on it is never compiled behind our back

    def run(self, arrays: Mapping[str, Array]) -> list[Array]:
        """Every output, in the order in which an exported program has them."""
        with paddle.no_grad():
            answer = self._layer(*(paddle.to_tensor(arrays[name]) for name in self._names))
        return [np.asarray(tensor.numpy()) for tensor in paddle.utils.flatten(answer)]

    def watched(self, inputs: Inputs, bucket: Bucket, seed: int) -> tuple[list[Array], list[Branch]]:
        """Outputs, and the branches with the sides that this input takes."""
        arrays = arrays_of(inputs, bucket, seed)
        try:
            with Watch() as watch:
                outputs = self.run(arrays)
        except Exception as error:
            raise ExportFault(
                ExportReason.InputInvalid,
                f"the layer itself fails at bucket {shown(bucket)} with {type(error).__name__}: "
                f"{paddle_words(error)} Give a bucket, an --input or a --range that it can take.",
            ) from error
        require_comparable(outputs, bucket)
        return outputs, branches(watch.seen)


def require_comparable(outputs: Sequence[Array], bucket: Bucket) -> None:
    """Outputs that a known answer can be made of: some values, all of them numbers."""
    for index, output in enumerate(outputs):
        if output.size == 0:
            problem = f"is empty (shape {output.shape})"
        elif output.dtype.kind == "f" and not np.all(np.isfinite(output)):
            problem = "holds values that are not finite"
        else:
            continue
        raise ExportFault(
            ExportReason.InputInvalid,
            f"output {index} of the layer {problem} at bucket {shown(bucket)}, so nothing can be compared "
            "with it: give a bucket or a --range that it answers with numbers.",
        )
