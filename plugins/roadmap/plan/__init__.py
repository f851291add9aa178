"""The roadmap as data: measures, indicators, phases, due dates, working days."""
