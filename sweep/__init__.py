"""A crash sweep for operators: every single write of a story is once the last thing that the operator did."""
