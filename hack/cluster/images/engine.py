"""The programs that can build a Dockerfile: buildah, podman or docker, whichever works here.

buildah comes first because it needs no daemon and its storage can be read without packing layers again.
docker counts only when its daemon answers: a client alone builds nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hack.cluster.commands import run
from hack.cluster.errors import CommandFailed, ProgramMissing
from hack.cluster.progress import Step

ENGINES = ("buildah", "podman", "docker")
ENGINE_VARIABLE = "PADDLE_SLA_ENGINE"
_CERTIFICATES = Path("/etc/ssl/certs")
_DAEMON_SECONDS = 10.0
_TAIL_LINES = 40
_LINE_CHARACTERS = 240
_STORAGE = """[storage]
driver = "overlay"
graphroot = "{storage}/graph"
runroot = "{storage}/run"
[storage.options.overlay]
skip_mount_home = "true"
"""
# buildah and podman: "[5/8] STEP 3/6: RUN ..."; docker: "#12 [runtime-deps 2/4] RUN ...".
_STEP_LINE = re.compile(r"^(?:#\d+ )?(?P<where>\[[^\]]+\])(?P<what>.*)$")


@dataclass(frozen=True)
class Engine:
    """One of ENGINES, found to work."""

    program: str

    @property
    def local_base(self) -> bool:
        """Whether it can be given a base image that no registry has: those that keep containers-storage."""
        return self.program in ("buildah", "podman")

    def build_command(
        self, *, target: str, tag: str, context: Path, arguments: Mapping[str, str]
    ) -> list[str]:
        """The command that builds one target of the Dockerfile in `context`."""
        given = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
        common = ["--target", target, "--tag", tag, *given, str(context)]
        if self.program == "docker":
            return ["docker", "build", "--progress", "plain", *common]
        mounts = ["--volume", f"{_CERTIFICATES}:{_CERTIFICATES}:ro"] if _CERTIFICATES.is_dir() else []
        isolation = ["--isolation", "chroot"] if self.program == "buildah" else []
        return [self.program, "build", "--layers", *isolation, "--network", "host", *mounts, *common]

    def source(self, tag: str) -> str:
        """Where skopeo finds the image that was built."""
        return f"{'docker-daemon' if self.program == 'docker' else 'containers-storage'}:{tag}"

    def environment(self, storage: Path) -> dict[str, str]:
        """What makes it, and skopeo, keep images below `storage` and not among the machine's own.

        As another user than root it keeps to that user's storage, which has mappings of its own.
        """
        if self.program == "docker" or os.geteuid() != 0:
            return {}
        configuration = storage / "storage.conf"
        storage.mkdir(parents=True, exist_ok=True)
        configuration.write_text(_STORAGE.format(storage=storage))
        return {"CONTAINERS_STORAGE_CONF": str(configuration)}


def find(environment: Mapping[str, str] = os.environ) -> Engine:
    """The engine named by PADDLE_SLA_ENGINE, or the first that works; says what to install otherwise."""
    named = environment.get(ENGINE_VARIABLE, "")
    if named and named not in ENGINES:
        raise ProgramMissing(f"{ENGINE_VARIABLE}={named!r} is not one of {', '.join(ENGINES)}")
    tried = (named,) if named else ENGINES
    for program in tried:
        if _works(program):
            return Engine(program)
    raise ProgramMissing(
        f"none of {', '.join(tried)} works here: `apt-get install buildah skopeo`, or start docker's daemon"
    )


def _works(program: str) -> bool:
    if shutil.which(program) is None:
        return False
    if program != "docker":
        return True
    try:
        return run(["docker", "info"], timeout=_DAEMON_SECONDS, check=False).returncode == 0
    except CommandFailed:
        return False


def alone(program: str) -> list[str]:
    """What to put before a builder, so that nothing of it outlives us, however we end.

    Builders mount file systems and start processes of their own. In namespaces of their own both are gone
    when the first process is, also after a kill -9. docker's work is done by its daemon.
    """
    if program == "docker" or os.geteuid() != 0:
        return []
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    return ["setpriv", "--pdeathsig=KILL", *namespaces]


def follow(
    argv: list[str], step: Step, *, timeout: float, cwd: Path, env: Mapping[str, str] | None = None
) -> None:
    """Run a build to its end, showing which step it is at; a failing one's last lines are in the error."""
    last: list[str] = []
    with subprocess.Popen(
        [*alone(argv[0]), "nice", *argv],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = [*last[-_TAIL_LINES:], line.rstrip()[:_LINE_CHARACTERS]]
            noted = note_of(line)
            if noted:
                step.note(noted)
        status = process.wait(timeout=timeout)
    if status != 0:
        raise CommandFailed(f"{' '.join(argv[:3])} ... ended with {status}:\n" + "\n".join(last))


def note_of(line: str) -> str:
    """What a line of a build's output says about how far it is; empty when it says nothing."""
    found = _STEP_LINE.match(line.strip())
    if not found:
        return ""
    what = " ".join(found["what"].removeprefix(" STEP").split())
    return f"{found['where']} {what}"[:90]
