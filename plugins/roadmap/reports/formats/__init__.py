"""The report model shown: HTML and plain text, DOCX, PDF, XLSX."""
