"""Records as of runs, with figures that a test chooses."""

from mmtin.ablation.records import Record


def record(variant: str = 'tin', seed: int = 0, right: int = 8, clips: int = 10, **others) -> Record:
    """A record of which the first ``right`` clips were recognised, none of them reversed."""
    fields = dict(
        set='far',
        frames=24,
        variant=variant,
        seed=seed,
        clips=clips,
        right=f'{int("1" * right + "0" * (clips - right), 2):x}',
        right_reversed='0',
        minutes=2.0,
        parameters=11_180_000,
        settings='settings',
        data='data',
        command='tools/ablate.py',
        versions='mmtin, torch',
    )
    return Record(**(fields | others))
