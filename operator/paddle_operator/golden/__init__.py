"""Golden requests: services are asked what their own models know, where nobody else asks."""
