"""People with traits that the drawn world has nobody with, and a judge that reads them."""

from benchmarks.rivals.traits.drawings import photos_of, references
from benchmarks.rivals.traits.people import TABLE, VALIDATION, gallery, trait_people

__all__ = ["TABLE", "VALIDATION", "gallery", "photos_of", "references", "trait_people"]
