"""Opening and decoding a video by torchcodec, as the steps of a pipeline, to be compared with ours.

torchcodec is no requirement: ``pip install torchcodec``, the version that its table of compatibility names
for the torch at hand, and FFmpeg's libraries.
"""

from typing import Any

from mmtin.errors import UserError


class TorchCodecInit:
    """Set ``video_reader`` and ``total_frames``, with an exact index of the frames, as ours has.

    Raises:
        UserError: if torchcodec does not import.
    """

    def __init__(self) -> None:
        try:
            from torchcodec.decoders import VideoDecoder
        except (ImportError, OSError, RuntimeError) as error:
            raise UserError(
                'torchcodec does not import; install the version for this torch, and FFmpeg, or leave out '
                f'--against torchcodec ({str(error).splitlines()[0]})'
            ) from error
        self._open = VideoDecoder

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        reader = self._open(
            results['filename'], dimension_order='NHWC', num_ffmpeg_threads=1, seek_mode='exact'
        )
        results.update(video_reader=reader, total_frames=reader.metadata.num_frames)
        return results


class TorchCodecDecode:
    """Set ``imgs``, the frames of ``frame_inds``: uint8 arrays ``[H, W, 3]``, RGB."""

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        frames = results.pop('video_reader').get_frames_at(results['frame_inds'].tolist()).data.numpy()
        shape = frames.shape[1:3]
        results.update(imgs=list(frames), original_shape=shape, img_shape=shape)
        return results
