"""The operator: from PaddleModelService resources to pods that keep their promise."""
