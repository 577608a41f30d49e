"""Writing that cannot be caught half done: a temporary neighbour, then one rename."""

from __future__ import annotations

from pidiff_cli.files.faults import explain
from pidiff_cli.files.filling import PRIVATE, PUBLIC, fill_file, make_folder, private_writing
from pidiff_cli.files.new import write_new
from pidiff_cli.files.paths import PICTURES, can_be_folder, expanded, said
from pidiff_cli.files.removing import remove_tree, remove_trees
from pidiff_cli.files.replacing import recover, write_file, write_folder
from pidiff_cli.files.sync import sync_file, sync_folder, sync_tree

__all__ = [
    "PICTURES", "PRIVATE", "PUBLIC", "can_be_folder", "expanded", "explain", "fill_file",
    "make_folder", "private_writing", "recover", "remove_tree", "remove_trees", "said", "sync_file",
    "sync_folder", "sync_tree", "write_file", "write_folder", "write_new",
]  # fmt: skip
