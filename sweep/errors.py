"""What keeps a sweep from being made at all. What a sweep finds is no error, but a violation."""

from __future__ import annotations


class SweepError(Exception):
    """The sweep cannot say anything; the message tells why, and what to do."""


class ArgumentUnusable(SweepError):
    """What the command line names is not there, or is something else."""


class KubeconfigUnusable(SweepError):
    """The file does not lead to an API server with credentials of its own."""


class NotTheSame(SweepError):
    """Two undisturbed runs differ: nothing that a disturbed one does differently would mean anything."""


class NothingStruck(SweepError):
    """The operator wrote nothing where its writes were to be struck: a sweep of nothing finds nothing."""


class ApiRefused(SweepError):
    """The API server refused what the sweep itself asked for, or did not answer."""


class StepFailed(SweepError):
    """A step of the story did not come to its end."""
