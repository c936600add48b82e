"""kubectl paddle_sla promote, abort, approve, retry, rollback and history: a rollout by hand."""
