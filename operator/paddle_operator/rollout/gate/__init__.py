"""The gate: what counts of a canary and of the stable revision come to. Pure."""
