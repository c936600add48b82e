"""The serving runtime: one model behind HTTP, computed in worker processes."""
