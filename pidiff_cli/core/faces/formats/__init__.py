"""Readers of the two file formats that published face networks come in."""
