"""The fictitious year: a seeded generator of input files, a correction, a local mail server."""
