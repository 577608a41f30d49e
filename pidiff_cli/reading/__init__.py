"""What comes from somebody else, read: nothing is trusted, and nothing costs more than a bound.

`text` reads JSON and YAML against a schema, `tensors` safetensors, `pictures` PNG files; all raise
`Refused`, a sentence. Limits, with their reasons: docs/decisions/reading.md.
"""
