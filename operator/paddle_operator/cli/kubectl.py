"""The program kubectl-paddle_sla, which kubectl runs as `kubectl paddle_sla`: for people at a cluster.

Exit codes: 0 good; 1 the service is not ready, something is wrong or waits for a person (condition
Stalled), or the operator refused what was asked for; 2 wrong arguments, or no way to the cluster or the
service; 3 nobody answered what was asked for in time; 130 interrupted; 141 whoever reads
what is printed has enough.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from paddle_operator.cli.access import forwarded
from paddle_operator.cli.doctor import Finding, examine, report
from paddle_operator.cli.inference import infer, request_of
from paddle_operator.cli.report import command as report_command
from paddle_operator.cli.rollout import command as rollout_command
from paddle_operator.cli.rollout.kept import history_table
from paddle_operator.cli.rollout.page import under_way
from paddle_operator.cli.show import answer_lines, condition, service_page, service_table
from paddle_operator.cli.streams import INTERRUPTED, unread
from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import Api, connect_as_person
from paddle_operator.errors import OperatorError
from paddle_operator.rollout.request import Verb
from paddle_operator.spec.source import Task

GOOD, WRONG, USAGE = 0, 1, 2
WATCH_SECONDS = 1.0
REQUEST_SECONDS = 15.0
CLEAR = "\x1b[H\x1b[2J"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    program, _ = parsers()
    chosen = program.parse_args(arguments)
    try:
        code = asyncio.run(_run(chosen))
        sys.stdout.flush()
    except BrokenPipeError:
        return unread()
    except (OperatorError, OSError) as trouble:
        sys.stderr.write(f"{trouble}\n")
        return USAGE
    except KeyboardInterrupt:  # the usual end of a watch; nobody knows what came of anything else
        return GOOD if chosen.command == "status" else INTERRUPTED
    return code


def _shared(
    namespace: str, context: str, output: str, forms: Sequence[str] = ("text", "json")
) -> argparse.ArgumentParser:
    """The flags that stand before the command and after it, as with kubectl, with these defaults."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("-n", "--namespace", default=namespace, help="namespace; by default the kubeconfig's")
    shared.add_argument("--context", default=context, help="context of the kubeconfig")
    shared.add_argument("-o", "--output", default=output, choices=forms, help="form of the output")
    return shared


def parsers() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """What the program takes, and what each of its commands does."""
    unsaid = argparse.SUPPRESS
    shared = _shared(unsaid, unsaid, unsaid)  # what is not said after the command hides nothing before it
    parser = argparse.ArgumentParser(
        prog="kubectl paddle_sla",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_shared("", "", "text")],
        epilog="A rollout is paused in the resource: spec.rollout.state is Paused, and Running to go on.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    get = commands.add_parser("get", parents=[shared], help="list services")
    get.add_argument("name", nargs="?", help="one service; by default all of the namespace")
    get.add_argument("-A", "--all-namespaces", action="store_true", help="services of all namespaces")
    status = commands.add_parser("status", parents=[shared], help="show a service with all its conditions")
    status.add_argument("name", help="the service")
    status.add_argument(
        "-w", "--watch", action="store_true", help="show changes until it is ready and rolled out"
    )
    history = commands.add_parser("history", parents=[shared], help="list the revisions of a service")
    history.add_argument("name", help="the service")
    for verb, meaning in rollout_command.MEANINGS.items():
        rollout_command.add_arguments(commands.add_parser(str(verb), parents=[shared], help=meaning), verb)
    send = commands.add_parser(
        "infer", parents=[shared], help="send a picture, a text, or a JSON request, to a service"
    )
    send.add_argument("name", help="the service")
    send.add_argument(
        "file",
        type=Path,
        help="picture, .txt, or .json with texts or a request of the Open Inference Protocol",
    )
    send.add_argument("--url", default="", help="where the service answers; by default kubectl port-forward")
    send.add_argument("--task", choices=list(Task), default=Task.OCR, help="with --url: the model's task")
    send.add_argument("--host", default="", help="Host header, with --url of a gateway")
    report_ = commands.add_parser(
        "report",
        parents=[_shared(unsaid, unsaid, unsaid, report_command.FORMS)],
        help="say whether promises were kept in a period, and why not",
    )
    report_command.add_arguments(report_)
    commands.add_parser("doctor", parents=[shared], help="check CRD, operator, gateway and your rights")
    return parser, commands.choices


async def _run(chosen: argparse.Namespace) -> int:
    if chosen.command == "report" and chosen.file:  # without a cluster
        _write(report_command.from_file(chosen))
        return GOOD
    commands = {
        "get": _get, "status": _status, "history": _history, **{str(verb): _ask for verb in Verb},
        "infer": _infer, "report": _report, "doctor": _doctor,
    }  # fmt: skip
    api, default_namespace = await connect_as_person(chosen.context, REQUEST_SECONDS)
    chosen.namespace = chosen.namespace or default_namespace
    try:
        return await commands[chosen.command](api, chosen)
    finally:
        await api.close()


async def _get(api: Api, chosen: argparse.Namespace) -> int:
    kind = kinds.SERVICE_RESOURCE
    if chosen.name:
        found = [await api.get(kind, chosen.namespace, chosen.name)]
    else:
        found = await api.list(kind, None if chosen.all_namespaces else chosen.namespace)
    _print(chosen, found, service_table(found))
    return GOOD


async def _status(api: Api, chosen: argparse.Namespace) -> int:
    shown = ""
    while True:
        service = await api.get(kinds.SERVICE_RESOURCE, chosen.namespace, chosen.name)
        page = service_page(service)
        if page != shown:
            _print(chosen, service, (CLEAR if shown and sys.stdout.isatty() else "") + page)
            shown = page
        ready = condition(service, "Ready").get("status") == "True"
        if not chosen.watch or (ready and not under_way(service)):
            stalled = condition(service, "Stalled").get("status") == "True"
            return GOOD if ready and not stalled else WRONG
        await asyncio.sleep(WATCH_SECONDS)


async def _history(api: Api, chosen: argparse.Namespace) -> int:
    service = await api.get(kinds.SERVICE_RESOURCE, chosen.namespace, chosen.name)
    kept = await rollout_command.revisions(api, service)
    _print(chosen, [asdict(one) for one in kept], history_table(kept))
    return GOOD


async def _ask(api: Api, chosen: argparse.Namespace) -> int:
    answer = await rollout_command.ask(api, chosen)
    if answer.code == GOOD or chosen.output == "json":
        _print(chosen, answer.as_json(), f"{answer.told}\n")
    if answer.code != GOOD:
        sys.stderr.write(f"{answer.told}\n")
    return answer.code


async def _infer(api: Api, chosen: argparse.Namespace) -> int:
    content = await asyncio.to_thread(chosen.file.read_bytes)
    if chosen.url:
        answer = await infer(
            chosen.url, *request_of(chosen.name, chosen.file, chosen.task), content, chosen.host
        )
    else:
        # a wrong name is told as such
        service = await api.get(kinds.SERVICE_RESOURCE, chosen.namespace, chosen.name)
        task = service["spec"]["model"].get("task", Task.OCR)
        async with forwarded(chosen.namespace, chosen.name, chosen.context) as url:
            answer = await infer(url, *request_of(chosen.name, chosen.file, task), content)
    _print(chosen, answer, answer_lines(answer))
    return GOOD


async def _report(api: Api, chosen: argparse.Namespace) -> int:
    _write(await report_command.from_cluster(api, chosen))
    return GOOD


async def _doctor(api: Api, chosen: argparse.Namespace) -> int:
    findings: list[Finding] = [one async for one in examine(api, chosen.namespace)]
    as_json = [{"what": one.what, "good": one.good, "said": one.said} for one in findings]
    _print(chosen, as_json, report(findings))
    return WRONG if any(one.good is False for one in findings) else GOOD


def _print(chosen: argparse.Namespace, value: object, text: str) -> None:
    if chosen.output == "json":
        text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    _write(text)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
