"""How refusals and quarantined rows are told: what, where, what to do (docs/look.md §6)."""

from __future__ import annotations

from roadmap.evidence.parsed import FileRefused


def place(
    file_name: str,
    sheet: str | None = None,
    row: int | None = None,
    column: str | None = None,
) -> str:
    """«Файл «акт.xlsx», лист «Акты», строка 7, столбец E «Дата»»; `column` comes ready-made."""
    parts = [f"Файл «{file_name}»"]
    if sheet:
        parts.append(f"лист «{sheet}»")
    if row is not None:
        parts.append(f"строка {row}")
    if column:
        parts.append(f"{'столбцы' if '–' in column.partition(' ')[0] else 'столбец'} {column}")
    return ", ".join(parts)


# What to do about a remark that only tells how a file was understood.
NOTHING_TO_DO = "Делать ничего не нужно"


def sentence(what: str, where: str, to_do: str) -> str:
    """Three short sentences of one message: what happened. Where. What to do."""
    return f"{what}. {where}. {to_do}."


def refused(
    code: str,
    what: str,
    to_do: str,
    file_name: str,
    *,
    sheet: str | None = None,
    row: int | None = None,
    column: str | None = None,
) -> FileRefused:
    """The refusal of a file, ready to be raised; `what` and `to_do` are without full stops."""
    return FileRefused(code, sentence(what, place(file_name, sheet, row, column), to_do))


def unread_sheets(names: tuple[str, ...]) -> tuple[str, ...]:
    """The warning that a workbook holds more than the sheet that was read; none if it does not."""
    if not names:
        return ()
    unread = ", ".join(f"«{name}»" for name in names)
    return (
        f"Прочитан только первый лист; не прочитаны: {unread}. Если они нужны, положите каждый "
        "отдельным файлом.",
    )
