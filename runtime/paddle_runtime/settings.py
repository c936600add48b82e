"""One frozen Settings of `paddle-runtime serve`, made in main from argv and environment, passed down.

Every field is a flag and an environment variable at once: `queue_max_requests` is `--queue-max-requests` and
`PADDLE_RUNTIME_QUEUE_MAX_REQUESTS`. A flag wins over the environment, an empty variable means the default.
The names are the contract with the operator, which writes them into pods. The environment is read in two more
places: cli/fetch.py for the store of `paddle-runtime fetch`, bundle/store.py for builtin bundles.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

from paddle_runtime.errors import Fault
from paddle_runtime.tasks import Task

ENV_PREFIX = "PADDLE_RUNTIME_"
MIB = 1024 * 1024
LARGEST_SECONDS = 1_000_000  # eleven days; what is meant to be without end is mistaken
LARGEST_PORT = 65_535
LARGEST_BATCH = 1024  # dispatch/slab.py has a flag for each


class SettingsFault(Fault):
    """A setting cannot be used: the message names the key, the value and what is allowed."""


@dataclass(frozen=True)
class Option:
    """What a person needs to know of one setting."""

    text: str
    unit: str
    minimum: float | None
    choices: tuple[str, ...]

    @property
    def maximum(self) -> float:
        """The largest value of a number."""
        return {"seconds": LARGEST_SECONDS, "port": LARGEST_PORT}.get(self.unit, math.inf)


def option(
    default: Any, text: str, *, unit: str = "", minimum: float | None = None, choices: tuple[str, ...] = ()
) -> Any:
    """Declare a field with its documentation; the default's type is checked by the annotation beside it."""
    return field(default=default, metadata={"option": Option(text, unit, minimum, choices)})


@dataclass(frozen=True)
class Settings:
    """All that `paddle-runtime serve` can be told."""

    model: str = option(
        "", "what to serve: a bundle's folder or archive, the folder of an exported model, or builtin:NAME"
    )
    task: str = option(
        "", "what an exported model is for, where its files do not tell it", choices=tuple(Task)
    )
    modules: str = option(
        "", "modules of other bundles instead of the model's: NAME=FOLDER,NAME=builtin:NAME"
    )
    model_name: str = option("", "name under /v2/models; empty: the name in the bundle")
    model_digest: str = option("", "sha256:... that model.yaml must have; empty: any")
    host: str = option("0.0.0.0", "address to listen on")  # noqa: S104  a server in a pod is reached from outside
    port: int = option(8080, "port to listen on; 0 lets the system choose", unit="port", minimum=0)
    grpc_port: int = option(8081, "port to listen on for gRPC; 0: no gRPC", unit="port", minimum=0)
    engine: str = option(
        "bundle",
        "what runs a bundle of task OCR: the engines that it names, or PaddleOCR's own pipeline",
        choices=("bundle", "paddleocr"),
    )
    worker_python: str = option(
        "", "interpreter of the workers, where they need packages of their own; empty: this one"
    )
    device: str = option("CPU", "kind of device", choices=("CPU", "GPU", "NPU", "MLU"))
    device_count: int = option(
        1, "devices that the workers share out among them; nothing on CPU", unit="devices", minimum=1
    )
    device_memory_mib: int = option(1000, "memory pool on a GPU", unit="MiB", minimum=1)
    engine_cache_dir: str = option(
        "", "folder where TensorRT's programs are kept between starts; empty: each start builds them anew"
    )
    workers: int = option(
        0, "worker processes; 0: one a device, or on CPU as many as the CPU limit allows", minimum=0
    )
    batch_max_size: int = option(
        1,
        "requests computed together where the model can; not on CPU, where it gains nothing",
        unit="requests",
        minimum=1,
    )
    batch_max_delay_milliseconds: int = option(
        0, "how long the first request of a batch waits for others", unit="milliseconds", minimum=0
    )
    queue_max_requests: int = option(64, "requests that may wait for a worker", unit="requests", minimum=1)
    max_held_bytes: int = option(
        256 * MIB, "request bodies held at one time, all callers together", unit="bytes", minimum=1
    )
    request_timeout_seconds: float = option(
        30.0, "from admission to answer, else 504", unit="seconds", minimum=0.01
    )
    stall_seconds: float = option(
        60.0,
        "a busy worker without progress for longer is killed and replaced; sooner where a time is predicted",
        unit="seconds",
        minimum=0.01,
    )
    standby: str = option(
        "auto",
        "keep one warm worker more, which takes over at once when another is lost, where memory has room "
        "for it; auto: on CPU only",
        choices=("auto", "0", "1"),
    )
    worker_memory_mib: int = option(
        0,
        "a worker that holds more memory of its own is replaced behind a warm one; 0: its share of the "
        "limit, at most twice what it held when warm and at least 512 MiB more",
        unit="MiB",
        minimum=0,
    )
    ping_seconds: float = option(
        5.0,
        "an idle worker is asked this often whether it lives; it has as long to answer or to begin a job",
        unit="seconds",
        minimum=0.01,
    )
    shared_memory_mib: int = option(
        32,
        "memory shared with each worker, for bodies of requests and answers; taken when touched, given back "
        "when idle; what does not fit goes over a socket",
        unit="MiB",
        minimum=1,
    )
    load_timeout_seconds: float = option(
        300.0, "a worker that is not warm after this is killed: LoadFailed", unit="seconds", minimum=0.01
    )
    header_timeout_seconds: float = option(
        10.0, "for a request's header to arrive whole", unit="seconds", minimum=0.01
    )
    body_timeout_seconds: float = option(
        20.0,
        "for a request's body to arrive whole, else 408; and for a caller to take an answer",
        unit="seconds",
        minimum=0.01,
    )
    max_header_bytes: int = option(
        65_536, "largest request header, counted in whole reads, else 431", unit="bytes", minimum=1
    )
    max_body_bytes: int = option(20 * MIB, "largest request body, else 413", unit="bytes", minimum=1)
    max_pixels: int = option(
        40_000_000, "largest picture, width x height, else 422", unit="pixels", minimum=1
    )
    max_side: int = option(16_384, "longest side of a picture, else 422", unit="pixels", minimum=1)
    max_decode_bytes: int = option(
        350 * MIB,
        "memory that decoding a picture may take, by form and pixels, else 422; each worker needs so much "
        "beside its model",
        unit="bytes",
        minimum=1,
    )
    max_pages: int = option(
        10, "pages of a TIFF or PDF read in one request, else 422", unit="pages", minimum=1
    )
    pdf_dpi: int = option(
        144,
        "resolution at which a PDF's pages are drawn where the request names none",
        unit="dpi",
        minimum=36,
    )
    max_parts: int = option(
        16, "parts of a multipart body or pictures of a batch, else 400", unit="parts", minimum=1
    )
    drain_seconds: float = option(
        20.0, "after SIGTERM, for requests under way to be answered", unit="seconds", minimum=0
    )
    drain_quiet_seconds: float = option(
        1.0, "draining ends early when no request came for this long", unit="seconds", minimum=0
    )
    sla_file: str = option(
        "/etc/paddle-sla/sla/sla.json", "latency thresholds for the histogram; read again when it changes"
    )
    revision: str = option("", "revision name shown in model_info and X-Paddle-Revision")
    termination_log: str = option(
        "/dev/termination-log",
        "file that gets the reason of a failed start; the default one is written only where it exists",
    )
    log_format: str = option("text", "form of log lines", choices=("text", "json"))
    log_level: str = option(
        "info",
        "least level of log lines; debug has one for each request",
        choices=("debug", "info", "warning"),
    )


def options() -> list[tuple[str, Any, Option]]:
    """(name, default, documentation) of every setting, in order; the reference page is made from this."""
    return [(entry.name, entry.default, entry.metadata["option"]) for entry in fields(Settings)]


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Give the parser one flag per setting. Values stay text: `read` is the one place that converts."""
    for name, default, documented in options():
        unit = f" [{documented.unit}]" if documented.unit else ""
        parser.add_argument(
            "--" + name.replace("_", "-"),
            default=None,
            metavar=documented.unit.upper() or name.upper(),
            help=f"{documented.text}{unit}; default {default!r}; env {env_name(name)}".replace("%", "%%"),
        )


def read(flags: Mapping[str, str | None], environment: Mapping[str, str]) -> Settings:
    """Make Settings from parsed flags and the environment, or raise SettingsFault naming key and value."""
    kinds = get_type_hints(Settings)
    values: dict[str, Any] = {}
    for name, _, documented in options():
        flag, variable = flags.get(name), environment.get(env_name(name))
        if flag is not None:
            values[name] = _convert("--" + name.replace("_", "-"), flag, kinds[name], documented)
        elif variable:
            values[name] = _convert(env_name(name), variable, kinds[name], documented)
    settings = Settings(**values)
    _check_batching(settings)
    return settings


def _check_batching(settings: Settings) -> None:
    """What no single setting can say."""
    size, delay = settings.batch_max_size, settings.batch_max_delay_milliseconds
    if settings.device == "CPU" and (size > 1 or delay > 0):
        raise SettingsFault(
            f"batch_max_size={size} and batch_max_delay_milliseconds={delay} with device=CPU: a CPU computes "
            "requests one by one as fast as together, so waiting buys nothing; leave both out"
        )
    if size > LARGEST_BATCH:
        raise SettingsFault(f"batch_max_size={size}: at most {LARGEST_BATCH} requests")


def env_name(name: str) -> str:
    """The environment variable of a setting."""
    return ENV_PREFIX + name.upper()


def _convert(key: str, text: str, kind: type, documented: Option) -> Any:
    """One value from text, checked against its bounds."""
    try:
        value = kind(text)
    except ValueError:
        kinds = {int: "a whole number", float: "a number"}
        unit = f" [{documented.unit}]" if documented.unit else ""
        raise SettingsFault(f"{key}={text!r} is not {kinds[kind]}: {documented.text}{unit}") from None
    if documented.choices and value not in documented.choices:
        raise SettingsFault(f"{key}={text!r}: {documented.text}; one of {', '.join(documented.choices)}")
    if documented.minimum is not None and not documented.minimum <= value <= documented.maximum:
        bounds = f"at least {documented.minimum}"
        if documented.maximum < math.inf:
            bounds += f" and at most {documented.maximum}"
        raise SettingsFault(f"{key}={text!r}: {documented.text}; {bounds} {documented.unit}".rstrip())
    return value
