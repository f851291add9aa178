"""Who is written to, what the letter is, and the letters written before any sending."""
