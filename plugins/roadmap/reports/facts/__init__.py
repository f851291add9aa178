"""What a composer reads: the stored results of one run, of the whole region."""
