"""Write features: a file per video, as .npy or as the .csv of MMAction2's localizers, or one .h5."""

import os.path
import shutil
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path, PurePath
from typing import BinaryIO

import numpy as np

from mmtin.errors import UserError
from mmtin.files.journal import journal_of
from mmtin.files.whole import making, require_free, whole_file, write_whole
from mmtin.prediction.features import Features
from mmtin.prediction.results_file import ResultsFile
from mmtin.prediction.videos import Video, output_paths


class FeatureFolder:
    """A folder with a file per video, and ``index.json`` with the seconds of each window.

    ``with FeatureFolder(...) as files: files.add(0, PurePath('sub/clip.npy'), 'sub/clip.mp4', features)``

    Args:
        folder: is made if it is not there.
        suffix: of the files.
        save: writes features to an open file.
        settings: what the features depend on; those of an interrupted run must be the same.
        force: write into a folder that has files already, and replace those of the same names.
        resume: go on where an interrupted run was.

    Raises:
        UserError: if there are files that ``force`` does not allow to replace, or the folder cannot be
            written, or an interrupted run is in the way; see :class:`mmtin.files.journal.Journal`.
    """

    def __init__(
        self,
        folder: Path,
        suffix: str,
        save: Callable[[BinaryIO, Features], object],
        settings: Mapping[str, object] | None = None,
        force: bool = False,
        resume: bool = False,
    ) -> None:
        if os.path.isfile(folder):
            raise UserError(f'{folder} is a file; name a folder, or choose --format h5')
        index = folder / 'index.json'
        has_files = os.path.isdir(folder) and any(folder.iterdir())
        if has_files and not (force or os.path.exists(journal_of(index))):
            raise UserError(f'{folder} has files already; name another folder, or --force to replace them')
        self._index = ResultsFile(index, settings, force, resume, names_faults=False)
        self._suffix = suffix
        self._folder = folder
        self._save = save

    def __enter__(self) -> 'FeatureFolder':
        self._index.__enter__()
        return self

    def paths(self, videos: Sequence[Video]) -> list[PurePath]:
        """The file of each video, relative to the folder."""
        return output_paths(videos, self._suffix)

    @property
    def results(self) -> ResultsFile:
        """What was done of each video."""
        return self._index

    def add(self, index: int, path: PurePath, video: str, features: Features) -> None:
        """Write the features of the video of that index; the file appears when it is whole."""
        content = BytesIO()
        self._save(content, features)
        write_whole(content.getvalue(), self._folder / path)
        seconds = features.seconds.astype(float).round(3).tolist()
        self._index.add(index, video=video, file=path.as_posix(), seconds=seconds)

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self._index.finish()
        self._index.__exit__(kind, error, trace)


class FeatureFile:
    """One HDF5 file with a data set per video, of the video's name, with the attribute ``seconds``.

    ``with FeatureFile(...) as files: files.add(0, PurePath('clip.mp4'), 'clip.mp4', features)``; it appears
    when it is whole. Until then a folder beside it has a file per video, since an HDF5 file does not
    survive that its writer is killed.

    Args:
        path: of the file.
        settings: what the features depend on; those of an interrupted run must be the same.
        force: replace it.
        resume: go on where an interrupted run was.

    Raises:
        UserError: if it is there and ``force`` is not set, if it cannot be written, if h5py is not
            installed, or if an interrupted run is in the way.
    """

    def __init__(
        self,
        path: Path,
        settings: Mapping[str, object] | None = None,
        force: bool = False,
        resume: bool = False,
    ) -> None:
        try:
            import h5py
        except ImportError as error:
            raise UserError('--format h5 needs h5py; pip install h5py, or choose npy') from error
        self._h5py = h5py
        self._path = path
        self._parts = path.with_name(f'{path.name}.parts')
        self._folder = FeatureFolder(self._parts, _PART, _save_part, settings, force, resume)
        # What an interrupted run may replace, it may replace when it goes on.
        require_free(path, force=force or self.results.resumes)

    def __enter__(self) -> 'FeatureFile':
        with making(self._path):
            self._folder.__enter__()
        return self

    def paths(self, videos: Sequence[Video]) -> list[PurePath]:
        """The name of each video's data set."""
        return output_paths(videos, None)

    @property
    def results(self) -> ResultsFile:
        """What was done of each video."""
        return self._folder.results

    def add(self, index: int, path: PurePath, video: str, features: Features) -> None:
        """Keep the features of the video of that index."""
        self._folder.add(index, path.with_name(path.name + _PART), video, features)

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self._join()
        self._folder.__exit__(kind, error, trace)
        if kind is None or not len(self.results):
            shutil.rmtree(self._parts, ignore_errors=True)

    def _join(self) -> None:
        with whole_file(self._path) as part, self._h5py.File(part, 'w') as file:
            for entry in self.results.entries():
                if 'error' in entry:
                    continue
                with open(self._parts / entry['file'], 'rb') as source:
                    values, seconds = np.load(source), np.load(source)
                data = file.create_dataset(entry['file'].removesuffix(_PART), data=values)
                data.attrs['seconds'] = seconds
                data.attrs['video'] = entry['video']


_PART = '.npy'


def _save_part(file: BinaryIO, features: Features) -> None:
    np.save(file, features.values)
    np.save(file, features.seconds)


def _save_npy(file: BinaryIO, features: Features) -> None:
    np.save(file, features.values)


def _save_csv(file: BinaryIO, features: Features) -> None:
    header = ','.join(f'f{channel}' for channel in range(features.values.shape[1]))
    np.savetxt(file, features.values, fmt='%.7g', delimiter=',', header=header, comments='')


# Called with the path of the output, settings, force and resume.
FORMATS: dict[str, Callable[..., FeatureFolder | FeatureFile]] = {
    'npy': lambda out, *args: FeatureFolder(out, '.npy', _save_npy, *args),
    'csv': lambda out, *args: FeatureFolder(out, '.csv', _save_csv, *args),
    'h5': FeatureFile,
}
