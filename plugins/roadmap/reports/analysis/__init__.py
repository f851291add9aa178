"""The report of an analysis (March, August): letter, справка, appendix, pages of schools."""
