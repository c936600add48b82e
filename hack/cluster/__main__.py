"""`python -m hack.cluster`: the embedded cluster from the command line."""

from __future__ import annotations

import argparse
import importlib
import json
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hack.cluster import leftovers, node, programs
from hack.cluster.api import ClusterInfo
from hack.cluster.constants import DEFAULT_NAME, check_name
from hack.cluster.errors import ClusterError
from hack.cluster.progress import Progress, seconds


def _build(arguments: argparse.Namespace, progress: Progress) -> int:
    spent = programs.ensure(progress, (*(arguments.modules or programs.FOLDERS), *arguments.extras))
    progress.say(f"programs are current ({seconds(spent)})")
    return 0


def install_addons(cluster: ClusterInfo, progress: Progress, extras: Sequence[str] = ()) -> None:
    """CoreDNS, gateway, Prometheus and S3 as pods of the cluster, and what else is asked for."""
    importlib.import_module("hack.cluster.addons").install(cluster, progress, extras)


def _up(arguments: argparse.Namespace, progress: Progress) -> int:
    started = time.monotonic()
    programs.ensure(progress, arguments.extras)
    cluster = node.up(arguments.name, progress)
    if not arguments.no_addons:
        install_addons(cluster, progress, arguments.extras)
    progress.say(f"cluster {cluster.name!r} is ready ({seconds(time.monotonic() - started)})")
    progress.say(f"  export KUBECONFIG={shlex.quote(str(cluster.kubeconfig))}")
    progress.say(f"  stop it with: python -m hack.cluster down --name {cluster.name}")
    return 0


def _down(arguments: argparse.Namespace, progress: Progress) -> int:
    node.down(arguments.name, progress, images=arguments.images)
    return 0


def _status(arguments: argparse.Namespace, _progress: Progress) -> int:
    shown = node.status(arguments.name)
    print(json.dumps(shown, indent=2))
    return 0 if shown["ready"] else 1


def _load(arguments: argparse.Namespace, progress: Progress) -> int:
    cluster = ClusterInfo(check_name(arguments.name))
    for archive in arguments.archives:
        with progress.step(f"loading {archive.name}") as step:
            cluster.load(archive)
            step.done_as(f"{archive.stat().st_size / 1e6:.0f} MB")
    return 0


def _env(arguments: argparse.Namespace, _progress: Progress) -> int:
    for key, value in ClusterInfo(check_name(arguments.name)).exports().items():
        print(f"export {key}={shlex.quote(value)}")
    return 0


def _leftovers(arguments: argparse.Namespace, _progress: Progress) -> int:
    found = leftovers.find(arguments.name)
    for line in found:
        print(line)
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hack.cluster", description="The embedded Kubernetes node."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def add(
        name: str, act: Callable[[argparse.Namespace, Progress], int], text: str, name_default: str | None
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(act=act)
        if name != "build":
            command.add_argument("--name", default=name_default, help="which cluster (default: %(default)s)")
        return command

    build = add("build", _build, "Build the programs of the cluster into the cache.", None)
    build.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(programs.FOLDERS)}")
    up = add("up", _up, "Bring the cluster up, or check and repair the running one.", DEFAULT_NAME)
    up.add_argument("--no-addons", action="store_true", help="only the node")
    for command in (build, up):
        command.add_argument(
            "--with",
            dest="extras",
            action="append",
            default=[],
            choices=programs.WHEN_ASKED,
            help="also this; the first time it is built, KEDA for 15 minutes",
        )
    down = add("down", _down, "End the cluster and remove all that it made.", DEFAULT_NAME)
    down.add_argument("--images", action="store_true", help="remove the node's image store too")
    add("status", _status, "Show the cluster as JSON; exit code 1 when it is not ready.", DEFAULT_NAME)
    load = add("load", _load, "Hand image archives (OCI or docker save) to the node.", DEFAULT_NAME)
    load.add_argument("archives", nargs="+", type=Path, metavar="IMAGE.oci.tar")
    add("env", _env, "Print export lines: KUBECONFIG, addresses, S3 credentials.", DEFAULT_NAME)
    add("leftovers", _leftovers, "List what is left of clusters; exit code 1 when something is.", None)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; an error of ours is one line, not a traceback."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.act(arguments, Progress()))
    except (ClusterError, ValueError) as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; `up` again continues, `down` removes everything", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
