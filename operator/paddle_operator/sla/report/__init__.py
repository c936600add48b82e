"""The report on a period: what was kept of the promise, when it was not, and what nobody knows. Pure."""
