"""YAML in and out, as Kubernetes reads and people read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml


class DocumentsInvalid(ValueError):
    """A text that is no YAML, or says the same key twice."""


class _Loader(yaml.SafeLoader):
    """Reads JSON's types only: 2026-11-22 stays a string, a repeated key is an error."""


class _Dumper(yaml.SafeDumper):
    """Writes no anchors: they are legal and nobody can read them. Texts of several lines stay as they are."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out."""
        return True


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise DocumentsInvalid(
                f"line {key.start_mark.line + 1}: the key {key.value!r} is there twice: remove one"
            )
        seen.add(key.value)
    return loader.construct_mapping(node, deep=True)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str) -> Iterator[Any]:
    """Yield the documents of a text, empty ones left out and the items of a List one by one.

    Raises DocumentsInvalid with line and remedy.
    """
    try:
        for document in yaml.load_all(text, Loader=_Loader):
            if isinstance(document, dict) and document.get("kind") == "List":
                yield from document.get("items") or ()
            elif document is not None:
                yield document
    except (yaml.YAMLError, TypeError, RecursionError) as broken:
        raise DocumentsInvalid(f"not YAML: {' '.join(str(broken).split())}") from None


def render(document: Any) -> str:
    """Write one document with keys in the order given."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
