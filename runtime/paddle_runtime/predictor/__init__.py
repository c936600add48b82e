"""Programs and what runs them: configuration from device and engine; the only imports of paddle and onnxruntime."""
