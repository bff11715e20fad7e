"""Ablations: which part of the network earns what, over several seeds."""
