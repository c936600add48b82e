"""What `bench` does: engines measured in processes of their own, shapes learned from a sample of traffic."""
