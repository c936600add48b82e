"""The program paddle-operator: `run` in a pod; `plan`, `simulate` and `replay` at a desk.

Exit codes: 0 all went well; 1 a resource breaks a rule; 2 wrong arguments, or a file or a line of it cannot
be read, or nothing can be printed; 3, of `plan`, a resource is correct and still cannot become pods; 130
interrupted; 141 whoever reads what is printed has enough.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from paddle_operator.cli import replay, simulate
from paddle_operator.cli.preview import Preview, previews
from paddle_operator.cli.streams import INTERRUPTED, opened, unread
from paddle_operator.documents import DocumentsInvalid
from paddle_operator.errors import SettingInvalid
from paddle_operator.plan import Platform
from paddle_operator.settings import Settings
from paddle_operator.sla.load_queries import AcceleratorSource
from paddle_operator.spec.workload import Device

OK, REJECTED, USAGE, REFUSED = 0, 1, 2, 3
UNKNOWN_PROMETHEUS = "http://prometheus.example.com"
"""Stands for an address that only the operator in the cluster is told."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    chosen = _parser().parse_args(arguments)
    if chosen.command == "run":
        from paddle_operator import main as operator  # noqa: PLC0415  `plan` needs neither kopf nor a cluster

        try:
            operator.run()
        except SettingInvalid as wrong:
            return _complain(str(wrong), USAGE)
        return OK
    try:
        code = _AT_A_DESK[chosen.command](chosen)
        sys.stdout.flush()
    except BrokenPipeError:
        return unread()
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as wrong:
        return _complain(f"what comes of it cannot be printed: {wrong}", USAGE)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="paddle-operator", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "run", help="run the operator; settings come from the environment (PADDLE_OPERATOR_...)"
    )
    plan = commands.add_parser("plan", help="check resources and print the objects that they would become")
    plan.add_argument("-f", "--file", required=True, help="YAML file with one or more resources, - for stdin")
    plan.add_argument("-n", "--namespace", default="", help="namespace of resources that name none")
    plan.add_argument("--without-gateway-api", action="store_true", help="as in a cluster without HTTPRoute")
    plan.add_argument(
        "--without-envoy-gateway", action="store_true", help="as in a cluster without Envoy Gateway"
    )
    plan.add_argument("--without-keda", action="store_true", help="as in a cluster without KEDA")
    plan.add_argument(
        "--without-prometheus-operator",
        action="store_true",
        help="as in a cluster without PrometheusRule and PodMonitor",
    )
    plan.add_argument("--with-dashboard", action="store_true", help="print the dashboard for Grafana, too")
    for device in Device:
        plan.add_argument(
            f"--image-{device.lower()}",
            default="",
            help=f"runtime image for {device}, instead of the setting's",
        )
    simulate.add_arguments(
        commands.add_parser("simulate", help="let the canary gate and rivals' rules judge made-up rollouts")
    )
    replay.add_arguments(
        commands.add_parser("replay", help="let the canary gate judge recorded counts again")
    )
    return parser


def _plan(chosen: argparse.Namespace) -> int:
    try:
        with opened(chosen.file) as file:
            found = list(previews(file.read(), _platform(chosen), chosen.namespace))
    except (DocumentsInvalid, SettingInvalid) as wrong:
        return _complain(f"{chosen.file}: {wrong}", USAGE)
    except (OSError, UnicodeDecodeError) as unreadable:
        return _complain(f"{chosen.file}: cannot be read: {unreadable}", USAGE)
    planned = [preview for preview in found if not preview.skipped]
    if not planned:
        return _complain(f"{chosen.file}: holds no PaddleModelService", USAGE)
    codes = [_show(preview) for preview in found]
    return next((code for code in (REJECTED, REFUSED) if code in codes), OK)


def _show(preview: Preview) -> int:
    if preview.skipped:
        return _complain(f"{preview.title}: left out, only PaddleModelService is planned", OK)
    for violation in preview.violations:
        _complain(f"{preview.title}: {violation}", REJECTED)
    if preview.refusal:
        return _complain(f"{preview.title}: {preview.refusal}", REFUSED)
    sys.stdout.write(preview.text)
    return REJECTED if preview.violations else OK


def _platform(chosen: argparse.Namespace) -> Platform:
    """Take the images from the operator's own settings, so that both say the same; flags come first."""
    settings = Settings.from_environment(os.environ)
    images = {
        device: getattr(chosen, f"image_{device.lower()}")
        or getattr(settings, f"runtime_image_{device.lower()}")
        for device in Device
    }
    return Platform(
        {device: image for device, image in images.items() if image},
        gateway_api=not chosen.without_gateway_api,
        envoy_gateway=not (chosen.without_envoy_gateway or chosen.without_gateway_api),
        keda=not chosen.without_keda,
        prometheus_url=settings.prometheus_url or UNKNOWN_PROMETHEUS,
        accelerator_source=AcceleratorSource(settings.accelerator_source),
        prometheus_rules=not chosen.without_prometheus_operator,
        pod_monitors=not chosen.without_prometheus_operator,
        monitoring_labels=settings.labels_of_monitoring,
        runbooks=settings.runbooks,
        dashboards=chosen.with_dashboard,
    )


def _complain(line: str, code: int) -> int:
    sys.stderr.write(f"{line}\n")
    return code


_AT_A_DESK: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "plan": _plan,
    "simulate": simulate.run,
    "replay": replay.run,
}

if __name__ == "__main__":
    sys.exit(main())
