"""Build the project's images and hand them over.

    python -m hack.cluster.images build              operator and runtime into the cache
    python -m hack.cluster.images load [--name N]    ... and into the embedded node
    python -m hack.cluster.images kind [--name N]    ... and into a kind cluster
    python -m hack.cluster.images push PREFIX        ... and to a registry, as PREFIX/operator:CONTENT ...

Building is skipped while the content that decides an image is unchanged.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from hack.cluster import constants
from hack.cluster.api import ClusterInfo
from hack.cluster.errors import ClusterError
from hack.cluster.images import builds, delivery
from hack.cluster.progress import Progress, seconds


def main(argv: Sequence[str] | None = None) -> int:
    """Build images and hand them over; see the module's description."""
    parser = argparse.ArgumentParser(
        prog="python -m hack.cluster.images",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build operator and runtime")
    load = commands.add_parser("load", help="build, and load into the embedded node")
    load.add_argument("--name", default=constants.DEFAULT_NAME, help="the cluster's name")
    kind = commands.add_parser("kind", help="build, and load into a kind cluster")
    kind.add_argument("--name", default="kind", help="the kind cluster's name")
    push = commands.add_parser("push", help="build, and push to a registry")
    push.add_argument("prefix", nargs="?", help=f"registry and path (default: ${delivery.PREFIX_VARIABLE})")
    arguments = parser.parse_args(argv)
    progress, started = Progress(), time.monotonic()
    try:
        built = builds.ensure(progress)
        names = [image.name for image in built.values()]
        if arguments.command == "load":
            delivery.load(ClusterInfo(arguments.name), progress, built.values())
        elif arguments.command == "kind":
            delivery.load_kind(progress, built.values(), name=arguments.name)
        elif arguments.command == "push":
            prefix = arguments.prefix or delivery.registry_prefix()
            names = list(delivery.push(progress, built, prefix).values())
    except ClusterError as problem:
        progress.say(f"error: {problem}")
        return 1
    progress.say(f"{', '.join(names)}: ready ({seconds(time.monotonic() - started)})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
