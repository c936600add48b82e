"""The programs of the operator's side: paddle-operator, and kubectl-paddle_sla for a person at a cluster."""
