"""№ 4: the page of the project stands on the portal, its news in social networks every month."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import changed, never_received, without

PAGE = {"kind": "page"}
AUGUST = {"publication_id": "news-8"}
ELSEWHERE = "новости вышли только вне социальных сетей: 2021-08"
MUTANTS = (
    Mutant(
        "Весь период реализации", "4.2", "no news in the last month",
        without("publication", publication_id="news-12"), names="новостей нет: 2021-12",
    ),
    Mutant(
        "Создана", "4.1", "there is no page",
        without("publication", kind="page"), names="страница проекта",
    ),
    Mutant(
        "страница проекта", "4.1", "there is news, and no page",
        changed("publication", PAGE, kind="news"), names="страница проекта",
    ),
    Mutant(
        "на портале «Образование Костромской области»", "4.1", "the page is in a network",
        changed("publication", PAGE, channel="vk"), names="на портале",
    ),
    Mutant(
        "регулярно", "4.2", "a month without news",
        without("publication", **AUGUST), names="новостей нет: 2021-08",
    ),
    Mutant(
        "размещаются новости", "4.2", "what is there is no news",
        changed("publication", AUGUST, kind="page"), names="новостей нет: 2021-08",
    ),
    Mutant(
        "размещаются новости", "4.2", "the portal gave no publications",
        never_received("publications"), is_unknown=True,
    ),
    Mutant(
        "в социальных сетях", "4.2", "the month's news are on the portal only",
        changed("publication", AUGUST, channel="eduportal44"), names=ELSEWHERE,
    ),
    Mutant(
        "в социальных сетях", "4.2", "the month's news went round by mail",
        changed("publication", AUGUST, channel="рассылка"), names=ELSEWHERE,
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
