"""Paddle Inference: configuration from device and engine, and the only imports of paddle.inference."""
