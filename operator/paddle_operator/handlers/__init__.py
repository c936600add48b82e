"""The edge of the operator: watch events become queue keys, and nothing else happens here."""
