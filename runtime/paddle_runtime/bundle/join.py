"""A bundle composed of several, written as one folder: what replaced a module lies in that one's folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from paddle_runtime.bundle.compose import FILE_FIELDS, compose
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.manifest import UNKNOWN_VERSION, Manifest, Module
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import BundleFault, BundleReason


def join(base: Bundle, parts: Mapping[str, Bundle], into: Path) -> Manifest:
    """Copy what `base` with the modules of `parts` needs into a new folder; BundleInvalid if one is there."""
    if into.exists() and any(into.iterdir()):
        raise BundleFault(
            BundleReason.BundleInvalid, f"{into} holds files already: name a folder that is not there yet."
        )
    composed = compose(base, parts)
    for name in _needed(composed.manifest):
        place = into / _own(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(composed.file(name), place)
    return write_manifest(into, _description(composed.manifest, [base, *parts.values()]))


def _needed(manifest: Manifest) -> Iterator[str]:
    """Programs and what they read, pictures of self-tests, and notes, which may be those of a licence."""
    yield from (name for name in manifest.files if name.endswith(".md"))
    for module in manifest.modules.values():
        yield from module.file_names()
    yield from (test.picture for test in manifest.self_test if test.picture is not None)


def _own(name: str) -> str:
    """@recognise/words.txt is a file of another bundle, recognise/words.txt one of this."""
    return name.removeprefix("@")


def _description(manifest: Manifest, all_of: list[Bundle]) -> dict[str, Any]:
    """model.yaml without its files. What was measured on other modules is left out."""
    versions = {each.manifest.paddle_version for each in all_of} - {None}
    update: dict[str, Any] = {
        "modules": {name: _moved(module) for name, module in manifest.modules.items()},
        "self_test": tuple(
            test if test.picture is None else test.model_copy(update={"picture": _own(test.picture)})
            for test in manifest.self_test
        ),
    }
    if versions:
        update["paddle_version"] = versions.pop() if len(versions) == 1 else UNKNOWN_VERSION
    told = manifest.model_copy(update=update).model_dump(mode="json", by_alias=True, exclude_unset=True)
    return {key: value for key, value in told.items() if key not in {"files", "calibration"}}


def _moved(module: Module) -> Module:
    named = {field: getattr(module, field) for field in FILE_FIELDS}
    return module.model_copy(update={field: _own(name) for field, name in named.items() if name is not None})
