"""Whether two revisions, or a revision and what is expected of it, answer alike."""
