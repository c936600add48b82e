"""Shapes that programs are run at, and requests that are computed together where that is faster. Pure."""
