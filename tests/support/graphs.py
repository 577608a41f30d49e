"""Published face networks as the one safetensors file that the program reads, too."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.core.faces.graph import save_graph
from pidiff_cli.core.faces.graph_file import Published
from pidiff_cli.core.faces.mesh import MESH
from pidiff_cli.core.faces.sface import SFACE

MESH_FILE, SFACE_FILE = "face_mesh.safetensors", "sface.safetensors"


def convert_mesh(path: Path, folder: Path) -> None:
    """`face_landmark.tflite` or `face_landmarker.task` -> `face_mesh.safetensors`."""
    _convert(MESH, path, folder / MESH_FILE)


def convert_sface(path: Path, folder: Path) -> None:
    """`face_recognition_sface_….onnx`, float32 or blocks of int8 -> `sface.safetensors`."""
    _convert(SFACE, path, folder / SFACE_FILE)


def _convert(kind: Published, path: Path, made: Path) -> None:
    net = kind.open(path)
    save_graph(made, net.graph, dict(net.named_parameters()))
