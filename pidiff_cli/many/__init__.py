"""Many people: each one job, the same function on this machine's cores and on a cluster."""
