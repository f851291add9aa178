"""A report of a made-up municipality with every kind of block and value in it.

The names are the worst that a registry may hold: markup, template braces, formulas, the
longest municipality of the region.
"""

from __future__ import annotations

from datetime import date

from roadmap.reports.model import (
    Addressee,
    AttentionItem,
    Bar,
    BarChart,
    BarGroup,
    Cell,
    Column,
    Count,
    Day,
    Document,
    Figure,
    Heading,
    Institution,
    KeyFigure,
    Letter,
    LetterColumn,
    LetterFigures,
    LetterRow,
    Mean,
    NoData,
    NotHeld,
    Numbered,
    Paragraph,
    Place,
    ReportModel,
    Row,
    SchoolPage,
    Share,
    Sheet,
    Suppressed,
    Table,
    Value,
    Words,
)

AS_OF = date(2021, 3, 31)
NEYA = "муниципальный район город Нея и Нейский район"
NASTY = "Школа № 12 <script>alert(1)</script> & {{ 7*7 }} «условная»"
FORMULA = '=cmd()|"A1"'

INSTITUTION = Institution(
    full_name="Областное государственное бюджетное образовательное учреждение "
    "дополнительного профессионального образования "
    "«Костромской областной институт развития образования»",
    short_name="ОГБОУ ДПО «КОИРО»",
    place="г. Кострома",
    contact_name="Примерова Анна Условная",
    contact_phone="(0000) 00-00-00, доб. 00",
    contact_address="roadmap@example.org",
)

# Marks «2», «3», «4», «5» of each paper.
Marks = tuple[int, int, int, int]
SCHOOLS: dict[str, dict[str, Marks | None]] = {
    "Школа № 101 (условная)": {"Русский язык": (13, 16, 7, 2), "Математика": (12, 15, 8, 2)},
    NASTY: {"Русский язык": (4, 11, 7, 2), "Математика": (6, 11, 6, 2)},
    "Школа № 103 (условная)": {"Русский язык": None, "Математика": None},
}
TOTAL = {"Русский язык": (17, 27, 14, 4), "Математика": (18, 26, 14, 4)}
REGION = {"Русский язык": (970, 2341, 1465, 438), "Математика": (1055, 2220, 1435, 488)}
THRESHOLD = 30.0


def words(text: str, **kwargs: object) -> Cell:
    return Cell(value=Words(text=text), **kwargs)


def cell(value: Value, **kwargs: object) -> Cell:
    return Cell(value=value, **kwargs)


def mark_cells(marks: Marks) -> tuple[Cell, ...]:
    n = sum(marks)
    shares = [Share(numerator=k, denominator=n) for k in marks]
    return (
        cell(Count(n=n)),
        cell(shares[0], at_threshold=shares[0].percent >= THRESHOLD),
        *(cell(share) for share in shares[1:]),
        cell(Share(numerator=n - marks[0], denominator=n)),
        cell(Share(numerator=marks[2] + marks[3], denominator=n)),
        cell(Mean(total=sum(mark * k for mark, k in zip((2, 3, 4, 5), marks, strict=True)), n=n)),
    )


def marks_table(schools: dict[str, dict[str, Marks | None]] = SCHOOLS) -> Table:
    rows = []
    for subject in TOTAL:
        rows.append(Row(kind="group", cells=(words(subject),)))
        for name, papers in schools.items():
            marks = papers[subject]
            if marks is None:
                rows.append(
                    Row(
                        kind="message",
                        cells=(
                            words(name),
                            words("менее 5 участников, показатели не приводятся"),
                        ),
                    )
                )
            else:
                rows.append(Row(cells=(words(name), *mark_cells(marks))))
        rows.append(Row(kind="total", cells=(words("Муниципалитет*"), *mark_cells(TOTAL[subject]))))
        rows.append(
            Row(kind="comparison", cells=(words("Регион"), *mark_cells(REGION[subject])), own=False)
        )
    share = "Доля отметок, %"
    return Table(
        id="marks/vpr/2020/autumn/5",
        caption="Статистика по отметкам",
        columns=(
            Column(key="unit", title="ОО", width=48),
            Column(key="participants", title="Участников", align="right", width=16),
            Column(key="low", title="«2»", group=share, align="right", width=12),
            Column(key="three", title="«3»", group=share, align="right", width=12),
            Column(key="four", title="«4»", group=share, align="right", width=12),
            Column(key="five", title="«5»", group=share, align="right", width=12),
            Column(key="passed", title="Успеваемость, %", align="right", width=19),
            Column(key="good", title="Качество знаний, %", align="right", width=20),
            Column(key="mean", title="Средняя отметка", align="right", width=19),
        ),
        rows=tuple(rows),
        notes=(
            "* Без школ, где участников меньше пяти. Полужирным выделены доли, достигшие "
            "порога 30\u00a0%. Сумма долей может отличаться от 100\u00a0% из-за округления.",
        ),
    )


def sources_table() -> Table:
    return Table(
        id="sources",
        caption="Процедуры и источники данных",
        columns=(
            Column(key="procedure", title="Процедура", width=90),
            Column(key="received", title="Выгрузка", width=30),
            Column(key="schools", title="Школ", align="right", width=20),
            Column(key="works", title="Участников", align="right", width=30),
        ),
        rows=(
            Row(
                cells=(
                    words("ВПР, осень 2020 г., программы 4–8 классов"),
                    cell(Day(on=date(2021, 2, 18)), own=False),
                    cell(Count(n=3)),
                    cell(Count(n=1412)),
                )
            ),
            Row(
                cells=(
                    words("Диагностические работы, 10 класс, 2020 г."),
                    cell(Day(on=date(2020, 11, 12)), own=False),
                    cell(Count(n=1)),
                    cell(Suppressed()),
                )
            ),
            Row(
                cells=(
                    words("ЕГЭ, 2020 г."),
                    cell(NoData()),
                    cell(NoData()),
                    cell(NoData()),
                )
            ),
            Row(
                cells=(
                    words("ОГЭ, 2020 г."),
                    cell(NotHeld()),
                    cell(NotHeld()),
                    cell(NotHeld()),
                )
            ),
        ),
        notes=("«–» — процедура не проводилась; «н/д» — сведения должны были поступить.",),
    )


def recommendations_table() -> Table:
    return Table(
        id="recommendations",
        caption="Адресные рекомендации",
        columns=(
            Column(key="number", title="№", align="right", width=8),
            Column(key="matter", title="Выявленная проблема (показатель, значение)", width=45),
            Column(key="recommendation", title="Рекомендация", width=45),
            Column(key="addressee", title="Адресат", width=28),
            Column(key="due", title="Срок", width=20),
            Column(key="proof", title="Ожидаемый результат, подтверждение", width=34),
        ),
        rows=(
            Row(
                cells=(
                    cell(Count(n=1)),
                    words("Школа № 101 (условная): доля отметок «2» 34,2 % по русскому языку"),
                    words("Внести в план школы меры по русскому языку и математике"),
                    words("Муниципальный координатор"),
                    cell(Day(on=date(2021, 4, 16))),
                    words("План школы с изменениями, ссылка"),
                )
            ),
        ),
    )


def wide_table() -> Table:
    """So many columns that the page has to be turned."""
    return Table(
        id="wide",
        caption="Участники по программам и предметам, чел.",
        columns=(
            Column(key="unit", title="ОО", width=40),
            *(
                Column(key=f"n{n}", title=f"Биология, {n}", align="right", width=12)
                for n in range(1, 15)
            ),
        ),
        rows=tuple(
            Row(cells=(words(name), *(cell(Count(n=1000 + n)) for n in range(1, 15))))
            for name in SCHOOLS
        ),
    )


def marks_chart(schools: dict[str, dict[str, Marks | None]] = SCHOOLS) -> BarChart:
    groups = []
    for subject, region in REGION.items():
        bars = []
        for name, papers in schools.items():
            marks = papers[subject]
            if marks is None:
                bars.append(Bar(label=name, value=Suppressed()))
                continue
            share = Share(numerator=marks[0], denominator=sum(marks))
            bars.append(Bar(label=name, value=share, at_threshold=share.percent >= THRESHOLD))
        groups.append(
            BarGroup(
                title=subject,
                bars=tuple(bars),
                region=Share(numerator=region[0], denominator=sum(region)),
            )
        )
    return BarChart(groups=tuple(groups), threshold=THRESHOLD)


def document() -> Document:
    return Document(
        kind_title="АНАЛИТИЧЕСКАЯ СПРАВКА",
        dated=AS_OF,
        subject="О результатах комплексного анализа образовательных результатов (ВПР, ЕГЭ, "
        "региональные диагностические работы) школ — участников проекта «500+»",
        subject_strong=NEYA,
        main=(
            "Порог 30\u00a0% отметок «2» достигнут у\u00a01\u00a0школы из\u00a03.",
            "По\u00a01 школе вывод не\u00a0делается: участников меньше пяти.",
        ),
        blocks=(
            Heading(level=1, text="Основание, цель и источники"),
            Paragraph(
                text="Справка подготовлена во\u00a0исполнение пункта 7 плана-графика (дорожной "
                "карты) региональных мероприятий, утверждённого приказом департамента "
                "образования и\u00a0науки Костромской области от\u00a019.03.2021 №\u00a0376. "
                "Сведения приведены по\u00a0состоянию на\u00a031.03.2021 (таблица 1)."
            ),
            sources_table(),
            Heading(level=1, text="Результаты по процедурам"),
            Heading(level=2, text="ВПР, осень 2020 г., программа 5 класса"),
            Paragraph(
                text="Доля отметок «2» в\u00a0муниципальном образовании выше средней по региону: "
                "по\u00a0русскому языку — на\u00a08,8\u00a0п.\u00a0п. (таблица 2, рисунок 1)."
            ),
            marks_table(),
            Figure(
                id="marks/vpr/2020/autumn/5",
                caption="Доля отметок «2», программа 5 класса, осень 2020 г.",
                alt="Доля отметок «2»: Школа № 101 (условная) — 34,2 % по русскому языку.",
                chart=marks_chart(),
            ),
            Heading(level=2, text="Участники"),
            wide_table(),
            Heading(level=1, text="Выводы"),
            Numbered(
                items=(
                    "Порога 30\u00a0% по\u00a0двум процедурам достигла 1\u00a0школа из\u00a03.",
                    f"По школе {NASTY} вывод делается.",
                )
            ),
            Heading(level=1, text="Адресные рекомендации"),
            recommendations_table(),
            Numbered(items=("Ещё один перечень начинается с единицы.",)),
        ),
    )


def school_page() -> SchoolPage:
    name = "Школа № 101 (условная)"
    only = {name: SCHOOLS[name]}
    return SchoolPage(
        school_id="s101",
        name=name,
        document=Document(
            kind_title="РЕЗУЛЬТАТЫ ШКОЛЫ",
            dated=AS_OF,
            subject="Результаты ВПР осенью 2020 г.",
            subject_strong=name,
            main=("Порог 30\u00a0% отметок «2» достигнут по\u00a0двум предметам.",),
            blocks=(
                marks_table(only),
                Figure(
                    id="school",
                    caption="Доля отметок «2»",
                    alt="Доля отметок «2» — 34,2 %.",
                    chart=marks_chart(only),
                ),
                Heading(level=1, text="Рекомендации"),
                Numbered(items=("Внести в план школы меры по обоим предметам.",)),
            ),
        ),
    )


def appendix() -> tuple[Sheet, ...]:
    signs = "▲ доля отметок «2» достигла порога 30 %. Менее 5 участников: показатели не приводятся."
    rows = []
    for name, papers in SCHOOLS.items():
        for subject, marks in papers.items():
            label = words(FORMULA if name == NASTY else name)
            if marks is None:
                empty = cell(Words(text=""))
                rows.append(Row(cells=(label, words(subject), cell(Suppressed()), *[empty] * 8)))
            else:
                n, *rest = mark_cells(marks)
                rows.append(Row(cells=(label, words(subject), n, cell(Count(n=marks[0])), *rest)))
    for kind, label, source in (
        ("total", "Муниципальное образование*", TOTAL),
        ("comparison", "Регион", REGION),
    ):
        for subject, marks in source.items():
            n, *rest = mark_cells(marks)
            rows.append(
                Row(
                    kind=kind,
                    own=kind == "total",
                    cells=(words(label), words(subject), n, cell(Count(n=marks[0])), *rest),
                )
            )
    subtitle = f"{NEYA} · по состоянию на 31.03.2021 · доли в процентах"
    return (
        Sheet(
            title="О файле",
            heading="Приложение к аналитической справке",
            subtitle=subtitle,
            signs=signs,
            table=Table(
                id="about",
                caption="",
                columns=(
                    Column(key="label", title="Что", width=30),
                    Column(key="told", title="Сведения", width=70),
                ),
                rows=(
                    Row(cells=(words("По состоянию на"), cell(Day(on=AS_OF)))),
                    Row(cells=(words("Пример"), words("+7 не формула"))),
                    Row(cells=(words("Ссылка"), words("https://example.org/@x"))),
                ),
            ),
        ),
        Sheet(
            title="Отметки",
            heading="Статистика по отметкам. ВПР, осень 2020 г.",
            subtitle=subtitle,
            signs=signs,
            table=Table(
                id="marks",
                caption="",
                columns=(
                    Column(key="unit", title="ОО", width=31),
                    Column(key="subject", title="Предмет", width=17),
                    Column(key="participants", title="Участников", align="right", width=10),
                    Column(key="low_n", title="«2», чел.", align="right", width=9),
                    Column(key="low", title="«2», %", align="right", width=10),
                    Column(key="three", title="«3», %", align="right", width=9),
                    Column(key="four", title="«4», %", align="right", width=9),
                    Column(key="five", title="«5», %", align="right", width=9),
                    Column(key="passed", title="Успеваемость, %", align="right", width=11),
                    Column(key="good", title="Качество знаний, %", align="right", width=11),
                    Column(key="mean", title="Средняя отметка", align="right", width=11),
                ),
                rows=tuple(rows),
                notes=("* Без школ, где участников меньше пяти.",),
            ),
        ),
        Sheet(
            title="Внимание",
            heading="Требует внимания",
            subtitle=subtitle,
            signs="",
            table=Table(
                id="attention",
                caption="",
                columns=(
                    Column(key="title", title="Что", width=31),
                    Column(key="recommendation", title="Рекомендация", width=60),
                    Column(key="due", title="Срок", width=11),
                    Column(key="done", title="Что сделано", width=30),
                    Column(key="day", title="Дата", width=11),
                ),
                rows=(
                    Row(
                        cells=(
                            words("Школа № 101 (условная)"),
                            words("Внесите в план школы меры по обоим предметам."),
                            cell(Day(on=date(2021, 4, 16))),
                            words(""),
                            words(""),
                        )
                    ),
                ),
            ),
        ),
    )


def letter() -> Letter:
    def row(name: str, papers: dict[str, Marks | None], kind: str = "data") -> LetterRow:
        cells = []
        for marks in papers.values():
            if marks is None:
                cells.append(cell(Suppressed()))
                continue
            share = Share(numerator=marks[0], denominator=sum(marks))
            cells.append(cell(share, at_threshold=kind == "data" and share.percent >= THRESHOLD))
        return LetterRow(label=name, cells=tuple(cells), kind=kind, own=kind != "comparison")

    return Letter(
        subject=f"500+ | Комплексный анализ (март 2021\u00a0г.) | {NEYA}",
        preheader="Порог достигнут у 1 школы из 3",
        period="март 2021\u00a0г.",
        greeting="Уважаемые коллеги!",
        headline="Порог 30\u00a0% отметок «2» достигнут у\u00a01\u00a0школы из\u00a03",
        lead=("Данные — на\u00a031.03.2021.",),
        request="Просим сообщить о\u00a0принятых мерах до\u00a016.04.2021",
        request_rest="ответом на\u00a0это письмо.",
        attention=(
            AttentionItem(
                title="Школа № 101 (условная)",
                problem="Доля отметок «2» — 34,2\u00a0% по\u00a0русскому языку.",
                recommendation="Внесите в план школы меры.",
                who="муниципальный координатор",
                due=date(2021, 4, 16),
                confirmation="План школы",
            ),
        ),
        attention_more=None,
        figures=LetterFigures(
            id="letter-marks",
            caption="Доля отметок «2», ВПР осень 2020, программа 5 класса",
            columns=(
                LetterColumn(key="label", title="Школа"),
                LetterColumn(key="Русский язык", title="Русский язык"),
                LetterColumn(key="Математика", title="Математика"),
            ),
            rows=(
                *(row(name, papers) for name, papers in SCHOOLS.items()),
                row("Ваше муниципальное образование", dict(TOTAL), "total"),
                row("В среднем по региону", dict(REGION), "comparison"),
            ),
        ),
        basis="Основание: мероприятие №\u00a07 плана-графика.",
    )


def key_figures() -> tuple[KeyFigure, ...]:
    """«2» of the first school and of the municipality in both subjects; a suppressed one."""
    table, sheet = "marks/vpr/2020/autumn/5", "marks"
    figures = []
    for number, (subject, marks) in enumerate(SCHOOLS["Школа № 101 (условная)"].items()):
        figures.append(
            KeyFigure(
                name=f"Доля отметок «2», Школа № 101 (условная), {subject}",
                value=Share(numerator=marks[0], denominator=sum(marks)),
                places=(
                    Place(view="letter", table_id="letter-marks", row=0, column=subject),
                    Place(view="document", table_id=table, row=1 + 6 * number, column="low"),
                    Place(view="appendix", table_id=sheet, row=number, column="low"),
                ),
            )
        )
    for number, (subject, marks) in enumerate(TOTAL.items()):
        figures.append(
            KeyFigure(
                name=f"Доля отметок «2», муниципалитет, {subject}",
                value=Share(numerator=marks[0], denominator=sum(marks)),
                places=(
                    Place(view="letter", table_id="letter-marks", row=3, column=subject),
                    Place(view="document", table_id=table, row=4 + 6 * number, column="low"),
                    Place(view="appendix", table_id=sheet, row=6 + number, column="low"),
                ),
            )
        )
    figures.append(
        KeyFigure(
            name="Участников ВПР",
            value=Count(n=1412),
            places=(Place(view="document", table_id="sources", row=0, column="works"),),
        )
    )
    return tuple(figures)


def make_model() -> ReportModel:
    return ReportModel(
        plan_code="2021",
        phase="march_analysis",
        occasion="2021/march_analysis",
        as_of=AS_OF,
        addressee=Addressee(
            municipality_id="neya",
            name=NEYA,
            genitive="муниципального района город Нея и Нейский район",
            short_name="Нейский МР",
        ),
        institution=INSTITUTION,
        letter=letter(),
        document=document(),
        appendix=appendix(),
        schools=(school_page(),),
        key_figures=key_figures(),
    )
