"""MMAction2's video and frame-folder datasets, with faults that name the clip and the remedy."""

import os.path

from mmaction.datasets import RawframeDataset, VideoDataset
from mmaction.registry import DATASETS

from mmtin.errors import UserError


class _NamedFaults:
    """Names what is missing before the first clip is read, and a clip that cannot be read."""

    def load_data_list(self) -> list[dict]:
        for path in (self.ann_file, *self.data_prefix.values()):
            if path and not os.path.exists(path):
                raise UserError(
                    f'no data at {path}: see the section "Data" of README.md for how it gets there, or '
                    'set ann_file and data_prefix of the data loaders with --cfg-options'
                )
        return super().load_data_list()

    def prepare_data(self, idx: int) -> dict:
        """The clip ``idx`` after the pipeline.

        Raises:
            UserError: if the pipeline fails; names the clip.
        """
        try:
            return super().prepare_data(idx)
        except Exception as error:
            info = self.get_data_info(idx)
            clip = info.get('filename') or info.get('frame_dir')
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise UserError(
                f'cannot read the clip {clip} ({reason}); repair it or take it out of {self.ann_file}'
            ) from error


@DATASETS.register_module()
class VideoClipDataset(_NamedFaults, VideoDataset):
    """MMAction2's VideoDataset: a list with ``path label`` per line, video files."""


@DATASETS.register_module()
class RawframeClipDataset(_NamedFaults, RawframeDataset):
    """MMAction2's RawframeDataset: a list with ``folder frames label`` per line, frames as images."""
