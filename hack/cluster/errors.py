"""What can go wrong with a cluster, as one small tree."""

from __future__ import annotations


class ClusterError(Exception):
    """A cluster cannot do what was asked; the message says what to do next."""


class ProgramMissing(ClusterError):
    """A program that the cluster needs is neither installed nor could be built."""


class CommandFailed(ClusterError):
    """A command that had to succeed did not; carries the end of its output."""


class NotReady(ClusterError):
    """Something did not become ready in the time it was given."""
