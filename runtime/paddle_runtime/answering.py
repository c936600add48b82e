"""A worker's model: the model side's pipeline with bytes before and after it.

Wire formats are read and written here, in the worker, so that the front end never parses a tensor.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from paddle_runtime.bundle.compose import open_composed
from paddle_runtime.bundle.store import require_digest
from paddle_runtime.dispatch.exchange import Ask
from paddle_runtime.dispatch.job import Result
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.golden import Golden
from paddle_runtime.limits import Limits
from paddle_runtime.open_inference import INFER, OpenInference, open_inference
from paddle_runtime.pipeline import Pipeline, open_pipeline, open_with_paddleocr, prove
from paddle_runtime.pipeline.base import BatchPipeline, Body, PipelineAnswer
from paddle_runtime.pipeline.document import cap_documents
from paddle_runtime.pipeline.picture import cap_pixels
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.tasks import GOLDEN, KNOWN, of_the_bundle

log = logging.getLogger(__name__)
# progress(phase that ended, its seconds, a line for people)
Progress = Callable[[str, float, str], None]


class WarmModel(Protocol):
    """What the worker's loop needs: the answer to one job, ready to send."""

    def answer(self, kind: str, request: Mapping[str, Any], payload: memoryview) -> Result:
        """Answer one job of a kind of this model's task, or raise errors.Invalid."""
        ...


class ServedModel:
    """One pipeline: its task's own kinds with JSON out, `infer` in the Open Inference Protocol, and the kinds
    that its bundle answers."""

    def __init__(self, pipeline: Pipeline[Any, Any], infer: OpenInference, golden: Golden) -> None:
        self._pipeline = pipeline
        self._infer = infer
        self._golden = golden

    def answer(self, kind: str, request: Mapping[str, Any], payload: memoryview) -> Result:
        """`request` holds the options, or what `infer` says of its body."""
        if kind == INFER:
            return self._infer.answer(request, payload)
        if kind == GOLDEN.name:
            return self._golden.answer()
        if kind == KNOWN.name:
            return self._golden.requests()
        return _told(self._pipeline.run(kind, payload, request))


class TogetherModel(ServedModel):
    """The same for a pipeline and a device that compute several requests at once."""

    def __init__(self, pipeline: BatchPipeline, infer: OpenInference, golden: Golden) -> None:
        super().__init__(pipeline, infer, golden)
        self._batches = pipeline

    def answer_all(self, asks: Sequence[Ask]) -> Sequence[Result | Exception]:
        """One for each, in their order; those of `alone` by themselves, a failure is its caller's alone."""
        alone = [ask.kind == INFER or of_the_bundle(ask.kind) for ask in asks]
        together = [
            (ask.kind, ask.payload, ask.request)
            for ask, by_itself in zip(asks, alone, strict=True)
            if not by_itself
        ]
        answers = iter(self._batches.run_all(together))
        ends: list[Result | Exception] = []
        for ask, by_itself in zip(asks, alone, strict=True):
            try:
                ends.append(
                    self.answer(ask.kind, ask.request, ask.payload) if by_itself else _told(next(answers))
                )
            except Exception as error:
                ends.append(error)
        return ends


def _told(answer: PipelineAnswer[Body] | Exception) -> Result:
    if isinstance(answer, Exception):
        raise answer
    began = time.monotonic()
    # a NaN would be a bug of the model, and is not JSON
    text = json.dumps(answer.body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Result(text.encode(), {**answer.stages, "encode": time.monotonic() - began})


def open_model(order: Mapping[str, Any], progress: Progress) -> tuple[WarmModel, dict[str, Any]]:
    """Load, self-test and warm the bundle that the front end names."""
    modules = {name: Path(folder) for name, folder in order["modules"].items()}
    bundle = open_composed(Path(order["bundle"]), None, modules)
    require_digest(bundle.digest, order["digest"], str(bundle.path))
    settings = DeviceSettings(
        device=Device(order["device"]),
        device_id=int(order["deviceId"]),
        memory_mib=int(order["deviceMemoryMib"]),
        cache_dir=Path(order["engineCacheDir"]) if order["engineCacheDir"] else None,
    )
    bundle = bundle.on(settings.device)
    cap_pixels(int(order["maxPixels"]))
    caps = Limits(
        max_body_bytes=int(order["maxBodyBytes"]),
        max_pixels=int(order["maxPixels"]),
        max_side=int(order["maxSide"]),
        max_pages=int(order["maxPages"]),
        max_decode_bytes=int(order["maxDecodeBytes"]),
    )
    cap_documents(caps, pdf_dpi=int(order["pdfDpi"]))
    with _phase(progress, "load", BundleReason.LoadFailed) as done:
        opened = open_with_paddleocr if order["engine"] == "paddleocr" else open_pipeline
        pipeline = opened(bundle, settings)
        done.append("loaded")
    with _phase(progress, "self-test", BundleReason.SelfTestFailed) as done:
        prove(pipeline, settings)
        done.append("self-test passed" if bundle.manifest.self_test else "no self-test")
    with _phase(progress, "warm-up", BundleReason.WarmupFailed) as done:
        shapes = pipeline.warm_up(lambda what, share: log.debug("warming %s, %d %%", what, share * 100))
        done.append(f"warmed {shapes} shapes")
    described = {"text": f"{shapes} shapes warm"}
    infer = open_inference(pipeline, bundle.manifest, str(order["modelName"]), caps)
    golden = Golden(pipeline, bundle, str(order["modelName"]))
    if settings.device is not Device.CPU and isinstance(pipeline, BatchPipeline):
        return TogetherModel(pipeline, infer, golden), described
    return ServedModel(pipeline, infer, golden), described


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
