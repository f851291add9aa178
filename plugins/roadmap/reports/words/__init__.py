"""How things are said and shown: sentences from templates, values as text, what the fonts print."""
