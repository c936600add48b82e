"""A worker's model: the model side's pipeline with bytes before and after it.

Wire formats are read and written here, in the worker, so that the front end never parses a tensor.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from paddle_runtime.bundle.store import Bundle, open_bundle
from paddle_runtime.dispatch.job import Result
from paddle_runtime.errors import BundleFault, BundleReason, Invalid, RequestReason
from paddle_runtime.limits import Limits
from paddle_runtime.pipeline import Pipeline, open_pipeline
from paddle_runtime.pipeline.base import Arrays, Body
from paddle_runtime.pipeline.document import cap_documents
from paddle_runtime.pipeline.picture import cap_pixels
from paddle_runtime.pipeline.values import to_array, to_values
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.protocol import v2_json
from paddle_runtime.tasks import Task

log = logging.getLogger(__name__)
# progress(phase that ended, its seconds, a line for people)
Progress = Callable[[str, float, str], None]


class WarmModel(Protocol):
    """What the worker's loop needs: the answer to one job, ready to send."""

    def answer(self, kind: str, request: Mapping[str, Any], payload: memoryview) -> Result:
        """Answer one job of a kind of this model's task, or raise errors.Invalid."""
        ...


class JsonModel:
    """A picture in, JSON out."""

    def __init__(self, pipeline: Pipeline[memoryview, Body]) -> None:
        self._pipeline = pipeline

    def answer(self, kind: str, request: Mapping[str, Any], payload: memoryview) -> Result:
        """`request` holds the options."""
        answer = self._pipeline.run(kind, payload, request)
        began = time.monotonic()
        # a NaN would be a bug of the model, and is not JSON
        text = json.dumps(answer.body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Result(text.encode(), {**answer.stages, "encode": time.monotonic() - began})


class TensorModel:
    """Tensors in, tensors out, in the Open Inference Protocol's JSON."""

    def __init__(self, pipeline: Pipeline[Arrays, Arrays], bundle: Bundle, name: str) -> None:
        self._pipeline = pipeline
        self._name = name
        self._version = bundle.manifest.version
        self._signature = v2_json.signature_of(bundle.manifest)

    def answer(self, kind: str, request: Mapping[str, Any], payload: memoryview) -> Result:
        """`request` holds the HTTP request's id, used where the body names none."""
        began = time.monotonic()
        try:
            asked = v2_json.decode_infer(bytes(payload), self._signature)
        except RecursionError:
            raise Invalid(RequestReason.MALFORMED, "the body is nested too deeply; send flat data") from None
        given = {each.spec.name: to_array(each.spec.datatype, each.shape, each.data) for each in asked.inputs}
        decoded = time.monotonic()
        answer = self._pipeline.run(kind, given, {})
        ran = time.monotonic()
        wanted = [spec for spec in self._signature.outputs if not asked.outputs or spec.name in asked.outputs]
        body = v2_json.encode_infer(
            [to_values(spec, answer.body[spec.name]) for spec in wanted],
            model_name=self._name,
            model_version=self._version,
            request_id=str(request["id"]) if asked.id is None else asked.id,
        )
        ended = time.monotonic()
        return Result(body, {"decode": decoded - began, **answer.stages, "encode": ended - ran})


def open_model(order: Mapping[str, Any], progress: Progress) -> tuple[WarmModel, dict[str, Any]]:
    """Load, self-test and warm the bundle that the front end names."""
    bundle = open_bundle(Path(order["bundle"]), order["digest"])
    settings = DeviceSettings(
        device=Device(order["device"]),
        device_id=int(order["deviceId"]),
        memory_mib=int(order["deviceMemoryMib"]),
    )
    cap_pixels(int(order["maxPixels"]))
    cap_documents(
        Limits(
            max_body_bytes=int(order["maxBodyBytes"]),
            max_pixels=int(order["maxPixels"]),
            max_side=int(order["maxSide"]),
            max_pages=int(order["maxPages"]),
        ),
        pdf_dpi=int(order["pdfDpi"]),
    )
    with _phase(progress, "load", BundleReason.LoadFailed) as done:
        pipeline = open_pipeline(bundle, settings)
        done.append("loaded")
    with _phase(progress, "self-test", BundleReason.SelfTestFailed) as done:
        pipeline.self_test()
        done.append("self-test passed")
    with _phase(progress, "warm-up", BundleReason.WarmupFailed) as done:
        shapes = pipeline.warm_up(lambda what, share: log.debug("warming %s, %d %%", what, share * 100))
        done.append(f"warmed {shapes} shapes")
    described = {"text": f"{shapes} shapes warm"}
    if bundle.manifest.task is Task.TENSOR:
        return TensorModel(pipeline, bundle, str(order["modelName"])), described
    return JsonModel(pipeline), described


@contextmanager
def _phase(progress: Progress, phase: str, reason: BundleReason) -> Generator[list[str], None, None]:
    """Time one phase and report its end; whatever a framework raises in it becomes that phase's fault."""
    began = time.monotonic()
    done: list[str] = []
    try:
        yield done
    except BundleFault:
        raise
    except Exception as error:
        log.exception("%s failed", phase)
        raise BundleFault(
            reason,
            f"{phase} failed with {type(error).__name__}: {error}. Was the bundle made for this version?",
        ) from error
    seconds = time.monotonic() - began
    progress(phase, seconds, f"{' '.join(done)} in {seconds:.1f} s")
