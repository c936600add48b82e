"""Rollouts by the thousand against made-up revisions: how the canary gate and its rivals' rules end."""
