"""What reports of several kinds share: measures, results, attention, appendix, blocks."""
