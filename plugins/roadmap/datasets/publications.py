"""The project's page and its news."""

from roadmap.datasets.model import Column, Dataset, FactTable, Kind

_KINDS = {"страница": "page", "новость": "news", "page": "page", "news": "news"}

DATASET = Dataset(
    FactTable(
        "publication",
        (
            Column("Код", "publication_id", Kind.CODE),
            Column("Канал", "channel", Kind.PHRASE),  # eduportal44, vk, …
            Column("Вид", "kind", Kind.CHOICE, choices=_KINDS),
            Column("Заголовок", "title"),
            Column("Ссылка", "link", Kind.LINK),
            # A page may be older than the plan's years; of news the query gives those years'.
            Column("Дата", "published_on", Kind.DAY),
        ),
        key=("publication_id",),
    ),
)
