"""The report of a monitoring (June, September, December): letter, справка, appendix."""
