"""A broken second version under this operator, under Flagger and under Argo Rollouts, on one cluster."""
