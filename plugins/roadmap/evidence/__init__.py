"""Evidence comes in: sources, readers, checks, load batches, quarantine, frozen inputs."""
