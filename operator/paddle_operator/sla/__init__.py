"""Arithmetic of the promise. Pure."""
