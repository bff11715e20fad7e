"""Convert checkpoints of other origins to those of TINResNet."""
