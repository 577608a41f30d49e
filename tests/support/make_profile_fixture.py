"""Wrote tests/fixtures/profile_schema_1: a profile as schema 1 has it. Never write it anew."""

from __future__ import annotations

import shutil

import numpy as np

from pidiff_cli.profile import Photo, Profile
from tests.support.places import FIXTURES

TARGET = FIXTURES / "profile_schema_1"


def main() -> None:
    """Make the profile in a home beside it, then put it in its place."""
    home = TARGET.parent / "home"
    profile = Profile.create(home, "fixture", "person")
    profile.write("photos/01_face.png", b"stands for a picture")
    photo = Photo("01", "one.jpg", 0.75, True, face="photos/01_face.png", info={"turn": 0.1})
    profile.update(photos=(photo,), base={"name": "mini", "fingerprint": "0" * 16})
    code = np.linspace(-1, 1, 24, dtype=np.float32).reshape(1, 3, 8)
    profile.save_identity(code, np.ones(1, np.float32), code[0], ("01",))
    profile.write_folder("adapter", lambda f: (f / "adapter_config.json").write_text("{}") and None)
    profile.update_stage("prepare", inputs=["0" * 64])
    shutil.move(profile.folder, TARGET)
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
