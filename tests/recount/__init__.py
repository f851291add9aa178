"""A recount of the demo year from its files: no line of it is shared with the library.

`files` reads, `marks` and `indicators` count, `statuses` judges, `analysis` and `monitoring`
say what each table of a report must hold, `reports` compares.
"""
