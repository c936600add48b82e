"""Hosting: where the pods of a rollout find room, what that costs, and how it is said. Pure."""
