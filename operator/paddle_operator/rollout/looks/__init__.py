"""Looks: from raw counters to what both revisions did since the last one. Pure."""
