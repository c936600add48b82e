"""Front end to workers: a bounded queue, late binding to a free worker, a watchdog, replacement."""
