"""One bundle out of several: modules of other bundles take the place of its own.

What replaces brings its program, its constants, its dictionary and its self-tests; the rest stays. The files
of a replacing bundle are named @MODULE/..., a place that no bundle's own file can have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from paddle_runtime.bundle.manifest import MODULES, Manifest, Module
from paddle_runtime.bundle.selftest import SelfTest
from paddle_runtime.bundle.store import Bundle, open_bundle
from paddle_runtime.errors import BundleFault, BundleReason

# Whoever reads decides what a page's known text is.
READER = "recognise"
FILE_FIELDS = ("program", "params", "onnx", "dictionary", "labels")


def open_composed(path: Path, digest: str | None, modules: Mapping[str, Path]) -> Bundle:
    """The bundle at `path` with modules out of other folders; `digest` is that of `path` alone."""
    base = open_bundle(path, digest)
    return compose(base, {name: open_bundle(folder) for name, folder in modules.items()})


def compose(base: Bundle, parts: Mapping[str, Bundle]) -> Bundle:
    """A bundle whose modules named in `parts` are those of the parts. Its digest stands for all of them."""
    if not parts:
        return base
    manifest = base.manifest
    modules, files = dict(manifest.modules), dict(manifest.files)
    reader = READER if _of_several(manifest) else next(iter(modules))
    tests = [test for test in manifest.self_test if (test.module or reader) not in parts]
    for name, part in parts.items():
        _check(base, name, part)
        modules[name] = _moved(part.manifest.modules[name], name)
        files |= {f"@{name}/{path}": entry for path, entry in part.manifest.files.items()}
        tests += _tests(part, name)
    told = "\n".join([base.digest, *(f"{name}={part.digest}" for name, part in sorted(parts.items()))])
    return Bundle(
        path=base.path,
        manifest=manifest.model_copy(
            update={"modules": modules, "files": files, "self_test": tuple(tests)},
        ),
        digest="sha256:" + hashlib.sha256(told.encode()).hexdigest(),
        parts={f"@{name}": part.path for name, part in parts.items()},
    )


def _of_several(manifest: Manifest) -> bool:
    """Whether the task has modules beside each other; where there is one, every test proves that one."""
    return len(MODULES[manifest.task]) > 1


def _check(base: Bundle, name: str, part: Bundle) -> None:
    task, known = base.manifest.task, MODULES[base.manifest.task]
    if name not in known:
        raise _refused(f"task {task} of {base.path} has no module {name!r}, it has {', '.join(known)}")
    if part.manifest.task is not task:
        raise _refused(f"{part.path} is of task {part.manifest.task}, {base.path} of task {task}")
    if name not in part.manifest.modules:
        have = ", ".join(part.manifest.modules)
        raise _refused(f"{part.path} holds no module {name!r}, it holds {have}")


def _refused(problem: str) -> BundleFault:
    return BundleFault(
        BundleReason.BundleInvalid, f"{problem}: name a module of the task and a bundle that holds it."
    )


def _moved(module: Module, name: str) -> Module:
    """The module with its files under the place of its bundle."""
    named = {field: getattr(module, field) for field in FILE_FIELDS}
    return module.model_copy(update={field: f"@{name}/{path}" for field, path in named.items() if path})


def _tests(part: Bundle, name: str) -> list[SelfTest]:
    """What a part proves of its module: alone where it says so or holds nothing else, else on whole pages.

    Pages count only where the part reads them: a detector's pages would be read by another recogniser.
    """
    alone = set(part.manifest.modules) == {name}
    kept = [
        test.model_copy(update={"module": name} if alone and _of_several(part.manifest) else {})
        for test in part.manifest.self_test
        if alone or test.module == name or (test.module is None and name == READER)
    ]
    return [
        test.model_copy(update={"picture": f"@{name}/{test.picture}"}) if test.picture else test
        for test in kept
    ]
