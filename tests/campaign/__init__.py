"""Trials of what a person fears: kills, full disks, two programs at once. `make campaign`."""
