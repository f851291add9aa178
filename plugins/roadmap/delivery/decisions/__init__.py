"""What a person decides about letters, with a reason."""
