"""One way to open a network that was published as ONNX or TFLite, or what was converted of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from pidiff_cli.core.faces.graph import Graph, GraphNet, open_graph
from pidiff_cli.errors import InputError


@dataclass(frozen=True)
class Published:
    """A published network.

    Attributes:
        what: it, in a person's words.
        read: its steps and weights out of the published file; raises as `read_whole` does.
        fits: whether what was read takes and makes what this network does.
    """

    what: str
    read: Callable[[Path], tuple[Graph, Mapping[str, Tensor]]]
    fits: Callable[[GraphNet], bool]

    def open(self, path: Path, device: str = "cpu") -> GraphNet:
        """From its published file, or from the `.safetensors` that `save_graph` wrote: eval mode,
        no gradients in the weights.

        Raises:
            MissingWeightError: no such file. InputError: damaged, or another network.
        """
        net = open_graph(path) if path.suffix == ".safetensors" else GraphNet(*self.read(path))
        if not self.fits(net):
            raise InputError(
                f"{path.name} is not {self.what}: it makes {net.shapes} of {net.graph.shape}.",
                "Again: pidiff models pull faces",
            )
        return net.eval().to(device)
