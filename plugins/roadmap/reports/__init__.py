"""One report model per addressee; letter, DOCX, PDF and XLSX are views of it."""
