"""What is not drawn: intimate prompts. Texts only; pictures are looked at in `core/nudity.py`."""
