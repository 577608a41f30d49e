"""generate: pictures of a profile's person, of one or of a table's rows."""
