"""One module per file format that people really have (domain: ФИС ОКО, РЦОИ, registers)."""
