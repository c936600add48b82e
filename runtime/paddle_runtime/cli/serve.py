"""`paddle-runtime serve`: settings from flags and environment, then the server until it ends."""

from __future__ import annotations

import argparse
import logging
import os

from paddle_runtime import logs, settings
from paddle_runtime.cli.outcome import USAGE_EXIT_CODE
from paddle_runtime.serve import serve

log = logging.getLogger(__name__)
add_arguments = settings.add_flags


def run(args: argparse.Namespace) -> int:
    """The exit code is 0, 1 for an address that is taken, 2 for a wrong setting, or the BundleFault's."""
    try:
        chosen = settings.read(vars(args), os.environ)
        logs.configure(chosen.log_format, chosen.log_level)
        return serve(chosen)
    except settings.SettingsFault as fault:
        log.error("%s", fault)
        return USAGE_EXIT_CODE
