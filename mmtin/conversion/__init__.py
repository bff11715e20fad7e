"""Checkpoints of other origins made into those of TINResNet."""
