"""Marks of generated pictures: C2PA manifests, their keys, the invisible watermark. No torch."""
