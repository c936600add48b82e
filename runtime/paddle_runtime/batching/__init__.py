"""Requests that are computed together, where a device is faster that way. Pure."""
