"""The exported step of a causal network: pixels and a state in, probabilities and a state out."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from mmtin.export.classifier import Call, Exportable, Network, is_multi_label, normalised
from mmtin.models import StreamState
from mmtin.models.interlace_steps import InterlaceState
from mmtin.prediction.online import OnlineRecognizer


class StreamClassifier(Exportable):
    """A causal recognizer frame by frame with its normalisation. The state is one matrix.

    Args:
        recognizer: a Recognizer2D in eval mode; it is not changed.
        shape: ``3, H, W`` of the frames.

    Raises:
        UserError: if it is not causal.
    """

    preprocessor: nn.Module
    input_names = 'frames', 'state'
    output_names = 'scores', 'probabilities', 'next_state'

    def __init__(self, recognizer: nn.Module, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.online = OnlineRecognizer(recognizer).eval()
        self.preprocessor = recognizer.get_submodule('data_preprocessor')
        self.is_multi_label = is_multi_label(self.online.head)
        self.frame_shape = tuple(shape)
        _, state = self.online(torch.zeros(1, *shape))
        # How the row of a stream is cut into the parts of its state.
        self._frames = [len(of_one.frames) for of_one in state]
        self._shapes = [part.shape[1:] for part in _parts(state)]
        self.state_size = sum(shape.numel() for shape in self._shapes)

    def example_inputs(self, count: int = 2) -> tuple[Tensor, ...]:
        """Black frames and the state before the first frame, which is zero."""
        frames = torch.zeros(count, *self.frame_shape, dtype=torch.uint8)
        return frames, torch.zeros(count, self.state_size)

    def along(self, network: Network, clips: Tensor) -> Iterator[Call]:
        """A call for each frame, going on from the state that ``network`` left."""
        state = torch.zeros(len(clips), self.state_size)
        for frames in clips.unbind(1):
            outputs = network(frames, state)
            yield (frames, state), outputs
            state = outputs[-1]

    def forward(self, frames: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The next frame of each of N streams.

        Args:
            frames: ``[N, 3, H, W]`` RGB, uint8.
            state: ``[N, S]``, what this returned for the frames before; zero before the first ones.

        Returns:
            Scores and probabilities, ``[N, classes]`` each, and the next state ``[N, S]``.
        """
        scores, after = self.online(normalised(self.preprocessor, frames), self._state(state))
        rows = torch.cat([part.flatten(1) for part in _parts(after)], dim=1)
        return scores, self.probabilities(scores), rows

    def _state(self, rows: Tensor) -> StreamState:
        sizes = [shape.numel() for shape in self._shapes]
        cut = zip(rows.split(sizes, dim=1), self._shapes)
        parts = iter([part.unflatten(1, shape) for part, shape in cut])
        return tuple(
            InterlaceState(tuple(next(parts) for _ in range(count)), next(parts), next(parts))
            for count in self._frames
        )


def _parts(state: StreamState) -> list[Tensor]:
    return [part for frames, *others in state for part in (*frames, *others)]
