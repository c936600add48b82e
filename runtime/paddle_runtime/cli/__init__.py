"""The commands of `paddle-runtime`, one module each: `add_arguments` and `run`, which gives the exit code."""
