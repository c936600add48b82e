"""What the operator measures of itself, at its edges: requests, queue, looks. Decisions do not know of it."""
