"""Model bundles: a folder with model.yaml and the files it names, each with its size and sha256."""
