"""Programs and what runs them: configuration by device and engine; alone imports paddle and onnxruntime."""
