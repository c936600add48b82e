"""The commands of main.py that handle bundles: fetch, bundle, verify, inspect."""

from __future__ import annotations

import argparse


def add_fetch_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime fetch`."""
    raise NotImplementedError


def run_fetch(args: argparse.Namespace) -> int:
    """`paddle-runtime fetch`; the exit code is 0 or the reason's."""
    raise NotImplementedError


def add_bundle_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime bundle DIR`."""
    raise NotImplementedError


def run_bundle(args: argparse.Namespace) -> int:
    """`paddle-runtime bundle DIR`: write model.yaml for a folder of files."""
    raise NotImplementedError


def add_path_argument(parser: argparse.ArgumentParser) -> None:
    """The one argument of verify and inspect: a path or builtin:NAME."""
    raise NotImplementedError


def run_verify(args: argparse.Namespace) -> int:
    """`paddle-runtime verify PATH|builtin:NAME`."""
    raise NotImplementedError


def run_inspect(args: argparse.Namespace) -> int:
    """`paddle-runtime inspect PATH|builtin:NAME`."""
    raise NotImplementedError
