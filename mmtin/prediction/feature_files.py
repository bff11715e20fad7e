"""Write features: a file per video, as .npy or as the .csv of MMAction2's localizers, or one .h5."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path, PurePath

import numpy as np

from mmtin.errors import UserError
from mmtin.files.whole import require_free, whole_file, write_whole
from mmtin.prediction.features import Features
from mmtin.prediction.results_file import ResultsFile
from mmtin.prediction.videos import Video, output_paths


class FeatureFolder:
    """A folder with a file per video, and ``index.json`` with the seconds of each window.

    ``with FeatureFolder(...) as files: files.add('sub/clip.npy', 'sub/clip.mp4', features)``

    Args:
        folder: is made if it is not there.
        force: write into a folder that has files already, and replace those of the same names.
        suffix: of the files.
        save: writes ``[num_windows, C]`` to an open file.

    Raises:
        UserError: if there are files that ``force`` does not allow to replace, or the folder cannot be
            written.
    """

    def __init__(self, folder: Path, force: bool, suffix: str, save: Callable) -> None:
        if folder.is_file():
            raise UserError(f'{folder} is a file; name a folder, or choose --format h5')
        if folder.is_dir() and any(folder.iterdir()) and not force:
            raise UserError(f'{folder} has files already; name another folder, or --force to replace them')
        self._suffix = suffix
        self._folder = folder
        self._save = save
        self._index = ResultsFile(folder / 'index.json', force)

    def __enter__(self) -> 'FeatureFolder':
        self._index.__enter__()
        return self

    def paths(self, videos: Sequence[Video]) -> list[PurePath]:
        """The file of each video, relative to the folder."""
        return output_paths(videos, self._suffix)

    def add(self, path: PurePath, video: str, features: Features) -> None:
        """Write the features of a video; the file appears when it is whole."""
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        content = BytesIO()
        self._save(content, features.values)
        write_whole(content.getvalue(), target)
        seconds = features.seconds.astype(float).round(3).tolist()
        self._index.add(video=video, file=path.as_posix(), seconds=seconds)

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self._index.finish()
        self._index.__exit__(kind, error, trace)


class FeatureFile:
    """One HDF5 file with a data set per video, of the video's name, with the attribute ``seconds``.

    ``with FeatureFile(...) as files: files.add('sub/clip.mp4', 'sub/clip.mp4', features)``; it appears when
    it is whole.

    Args:
        path: of the file.
        force: replace it.

    Raises:
        UserError: if it is there and ``force`` is not set, if it cannot be written, or if h5py is not
            installed.
    """

    def __init__(self, path: Path, force: bool) -> None:
        require_free(path, force=force)
        try:
            import h5py
        except ImportError as error:
            raise UserError('--format h5 needs h5py; pip install h5py, or choose npy') from error
        self._h5py = h5py
        self._path = path

    def __enter__(self) -> 'FeatureFile':
        with ExitStack() as stack:
            part = stack.enter_context(whole_file(self._path))
            self._file = stack.enter_context(self._h5py.File(part, 'w'))
            self._exit = stack.pop_all()
        return self

    def paths(self, videos: Sequence[Video]) -> list[PurePath]:
        """The name of each video's data set."""
        return output_paths(videos, None)

    def add(self, path: PurePath, video: str, features: Features) -> None:
        """Write the features of a video."""
        entry = self._file.create_dataset(path.as_posix(), data=features.values)
        entry.attrs['seconds'] = features.seconds
        entry.attrs['video'] = video

    def __exit__(self, kind, error, trace) -> None:
        self._exit.__exit__(kind, error, trace)


def _save_csv(file, values: np.ndarray) -> None:
    header = ','.join(f'f{channel}' for channel in range(values.shape[1]))
    np.savetxt(file, values, fmt='%.7g', delimiter=',', header=header, comments='')


FORMATS: dict[str, Callable[[Path, bool], FeatureFolder | FeatureFile]] = {
    'npy': lambda out, force: FeatureFolder(out, force, '.npy', np.save),
    'csv': lambda out, force: FeatureFolder(out, force, '.csv', _save_csv),
    'h5': FeatureFile,
}
