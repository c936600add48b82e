"""How a new revision earns its traffic: pure decisions, without clock, client or event loop."""
