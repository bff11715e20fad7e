"""The models of the paper's tables, and networks of today: published figures, and how each is built."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from mmtin.leaderboard.costs import Subject, installed_config, subject


@dataclass(frozen=True)
class Build:
    """How a model is built, and its input.

    Attributes:
        package, config: whose config, as mim installs it.
        frames: of a clip; of flow, stacks of pairs.
        clips: of a video.
        size: height and width of a frame, pixels.
        channels: of a frame: 3 of RGB, 10 of five pairs of flow.
        options: merged into the config.
    """

    package: str
    config: str
    frames: int
    clips: int = 1
    size: int = 224
    channels: int = 3
    options: dict = field(default_factory=dict)

    def subject(self) -> Subject:
        """The network and its input for one video."""
        cfg = installed_config(self.package, self.config)
        cfg.merge_from_dict(self.options)
        return subject(cfg, self.frames, (self.size, self.size), self.clips, self.channels)


@dataclass(frozen=True)
class PublishedModel:
    """A row of the table.

    Attributes:
        id: name of the row on the command line; that of its config if mmtin has one.
        family: the model of which it is a variant.
        gflops: multiply-adds of one video, 1e9.
        mparams: parameters, 1e6.
        top1, top5, mean_ap: per cent, on ``data_set``; ``mean_ap`` is that within a clip.
        top1_v2, top5_v2: on Something-Something V2, per cent.
        data_set: of the accuracies.
        table: of the paper, if another than the publication's.
        source: of the accuracies; empty for a row of the paper.
        build: how it is built; None for an ensemble.
        parts: ids of the rows and members of which it is the ensemble.
    """

    id: str
    model: str
    family: str
    backbone: str
    frames: str
    gflops: float | None = None
    mparams: float | None = None
    top1: float | None = None
    top5: float | None = None
    mean_ap: float | None = None
    top1_v2: float | None = None
    top5_v2: float | None = None
    data_set: str = ''
    table: str = ''
    source: str = ''
    note: str = ''
    build: Build | None = None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Publication:
    """A table of results: where it was published, of which data set, and a remark.

    Attributes:
        models: its rows.
        members: networks of ensembles that are no rows, by id.
    """

    source: str
    data_set: str
    note: str
    models: tuple[PublishedModel, ...]
    members: dict[str, Build]

    def builds(self) -> dict[str, Build]:
        """What is built, by the id of its row or of a member."""
        return {model.id: model.build for model in self.models if model.build} | self.members


@cache
def read_publication() -> Publication:
    """Read ``published.yml`` beside this file."""
    entries = yaml.safe_load(Path(__file__).with_name('published.yml').read_text(encoding='utf-8'))
    members = {name: Build(**build) for name, build in entries.pop('members').items()}
    models = []
    for entry in entries.pop('models'):
        if 'build' in entry:
            entry['build'] = Build(**entry['build'])
        elif 'parts' not in entry:
            entry['build'] = Build('mmtin', f'{entry["id"]}.py', int(entry['frames']))
        entry.setdefault('data_set', entries['data_set'])
        models.append(PublishedModel(**entry | {'parts': tuple(entry.get('parts', ()))}))
    return Publication(**entries, models=tuple(models), members=members)
