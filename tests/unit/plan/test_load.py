"""A wrong plan is refused with the file's name and the path inside it; other years go on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from roadmap.paths import SQL
from roadmap.plan.load import PlanError, examine, load_plan, load_plans, plan_codes, plan_sha256
from roadmap.plan.strict_yaml import read_yaml
from support.plans import SMALL_PLANS, small_plan

GOOD = (SMALL_PLANS / "2021.yaml").read_text(encoding="utf-8")

CHANGES = """\
    positive_changes:
      stage: 1
      recommendations:
        no_mark: &asked {text: Отметить, addressee: куратор, due: 2021-07-09, confirmation: отметка}
        not_changed: *asked
        no_evidence: *asked
    approval: {required: false}
"""


def written(folder: Path, *changes: tuple[str, str], stem: str = "2021") -> Path:
    """The plan of 2021 with pieces of its text replaced, each found exactly where first met."""
    text = GOOD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / f"{stem}.yaml").write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path, year: int = 2021) -> dict[str, str]:
    with pytest.raises(PlanError) as refused:
        load_plan(str(year), folder)
    assert str(refused.value).startswith(f"План {year} года не принят. Файл «{year}.yaml», ")
    return {problem.path: problem.text for problem in refused.value.problems}


def test_the_unchanged_text_is_a_plan(tmp_path: Path) -> None:
    assert load_plan("2021", written(tmp_path)) == small_plan()


WRONG = {
    "a day that does not exist": (
        ("run_day: 2021-03-31", "run_day: 2021-02-30"),
        "phases[0].run_day", "«2021-02-30» — такого дня нет",
    ),
    "a day of the window that does not exist": (
        ("{kind: on, on: 2021-03-12}", "{kind: on, on: 12.03.2021}"),
        "measures[5].window.on", "«12.03.2021» — нужна дата вида 2021-03-31",
    ),
    "an hour that is none": (
        ('run_at: "10:00"', 'run_at: "25:00"'),
        "phases[0].run_at", '«25:00» — нужно время вида "10:00" (в кавычках)',
    ),
    "a day of another year": (
        ("{kind: on, on: 2021-03-12}", "{kind: on, on: 2012-03-12}"),
        "measures[5].window.on", "дата вне года плана: 12.03.2012",
    ),
    "a window that ends before it starts": (
        ("starts: 2021-03-01, ends: 2021-04-30", "starts: 2021-04-30, ends: 2021-03-01"),
        "measures[7].window.ends", "конец 01.03.2021 раньше начала 30.04.2021",
    ),
    "phases whose windows overlap": (
        ("starts: 2021-06-01\n", "starts: 2021-03-31\n"),
        "phases[1].starts",
        "окно этапа «june_monitoring» (31.03.2021–30.06.2021) пересекается с окном этапа "
        "«march_analysis» (01.03.2021–31.03.2021)",
    ),
    "a later phase that begins before an earlier one": (
        ("starts: 2021-09-01\n", "starts: 2021-07-15\n"),
        "phases[3].starts",
        "окно этапа «september_monitoring» (15.07.2021–30.09.2021) пересекается с окном этапа "
        "«august_analysis» (01.08.2021–31.08.2021)",
    ),
    "an as-of date before the phase's window": (
        ("as_of: 2021-03-31", "as_of: 2021-02-28"),
        "phases[0].as_of", "отчётный день 28.02.2021 раньше начала этапа 01.03.2021",
    ),
    "a run before the phase's window": (
        ("run_day: 2021-03-31", "run_day: 2021-02-26"),
        "phases[0].run_day", "день запуска 26.02.2021 раньше начала этапа 01.03.2021",
    ),
    "an answer asked for before the letter": (
        ("reply_by: {on: 2021-04-16}", "reply_by: {on: 2021-03-31}"),
        "phases[0].reply_by.on", "срок ответа 31.03.2021 не позже дня запуска 31.03.2021",
    ),
    "a measure twice": (
        ("  - number: 6 ", "  - number: 5 "),
        "measures[5].number", "мероприятие № 5 указано дважды",
    ),
    "a number that is a decimal": (
        ("  - number: 17", "  - number: 1.10"),
        "measures[14].number",
        'номер с точкой пишут в кавычках, как "1.10": без них это дробь 1.1',
    ),
    "a number that is none": (
        ("  - number: 17", '  - number: "17."'),
        "measures[14].number", "«17.» — нужно номер строки плана: 8 или «1.2»",
    ),
    "an indicator under another measure": (
        ('code: "6.1"', 'code: "5.9"'),
        "measures[5].indicators[0].code", "показатель 5.9 стоит в мероприятии № 6",
    ),
    "an indicator twice": (
        ('code: "6.2"', 'code: "6.1"'),
        "measures[5].indicators[1].code", "показатель 6.1 указан дважды",
    ),
    "an unknown query": (
        ("sql: events_held", "sql: events_hold"),
        "measures[7].indicators[0].sql",
        "нет units.sql и about.yaml в include/sql/indicators/events_hold",
    ),
    "a share above the whole": (
        ("target: 100", "target: 110"),
        "measures[0].indicators[0].target", "доля задаётся числом больше 0 и не больше 100",
    ),
    "half an event": (
        ("target: 14", "target: 13.5"),
        "measures[7].indicators[0].target", "количество задаётся целым числом не меньше 1",
    ),
    "a measure that no phase reports": (
        ("15, 16, 17]", "15, 16]"),
        "measures[14]", "о мероприятии № 17 не сообщает ни один этап (phases[].reports)",
    ),
    "a measure owned but not reported": (
        ("reports: [14]", "reports: [7]"),
        "phases[2].owns[0]", "этап отвечает за мероприятие № 14, но не сообщает о нём (reports)",
    ),
    "a measure owned twice": (
        ("owns: [14]\n    reports: [14]", "owns: [14, 12]\n    reports: [14, 12]"),
        "phases[2].owns[1]", "за мероприятие № 12 уже отвечает этап «june_monitoring»",
    ),
    "a phase reports what is not in the plan": (
        ("reports: [5, 6, 7, 8]", "reports: [5, 6, 7, 8, 18]"),
        "phases[0].reports[4]", "нет мероприятия № 18",
    ),
    "a phase twice": (
        ("code: september_monitoring", "code: june_monitoring"),
        "phases[3].code", "этап «june_monitoring» указан дважды",
    ),
    "an indicator outside the letter of no phase": (
        ("outside_letter_of: [march_analysis]", "outside_letter_of: [may_analysis]"),
        "measures[4].indicators[0].outside_letter_of[0]", "нет этапа «may_analysis»",
    ),
    "a dataset both needed and told": (
        ("told: [vpr_journal,", "told: [vpr_marks,"),
        "phases[0].datasets.told[0]", "вид сведений «vpr_marks» уже стоит в needed",
    ),
    "a dataset twice": (
        ("told: [vpr_journal,", "told: [vpr_journal, vpr_journal,"),
        "phases[0].datasets.told[1]", "вид сведений «vpr_journal» указан дважды",
    ),
    "a dataset that nobody reads": (
        ("told: [vpr_journal,", "told: [vpr_journals,"),
        "phases[0].datasets.told[0]", "вида сведений «vpr_journals» нет в include/sources.yaml",
    ),
    "a reminder of a dataset that nobody reads": (
        ("           medk_documents]", "           risks]"),
        "reminders.datasets.told[6]", "вида сведений «risks» нет в include/sources.yaml",
    ),
    "a reminder of a measure that is none": (
        ("measures: [3, 5, 6, 11, 13]", "measures: [3, 5, 18]"),
        "reminders.measures[2]", "нет мероприятия № 18",
    ),
    "a reminder of a measure twice": (
        ("measures: [3, 5, 6, 11, 13]", "measures: [3, 5, 3]"),
        "reminders.measures[2]", "№ 3 указан дважды",
    ),
    "a reminder on one day twice": (
        ("days_before: [14, 3]", "days_before: [14, 14]"),
        "reminders.days_before[1]", "14 указано дважды",
    ),
    "a phase by the name of a DAG that is no phase": (
        ("code: june_monitoring", "code: evidence_intake"),
        "phases[1].code", "код «evidence_intake» занят: так называется другой DAG",
    ),
    "a reminder that stands among the phases": (
        ("report: monitoring", "report: reminder"),
        "phases[1].code", "напоминания задаются полем reminders, а не этапом",
    ),
    "the end of a window that stands among the phases": (
        ("report: monitoring", "report: closing"),
        "phases[1].code", "об окончании сроков сообщает поле closings, а не этап",
    ),
    "the end of the window of a measure that is none": (
        ("  measures: [8, 16]", "  measures: [8, 18]"),
        "closings.measures[1]", "нет мероприятия № 18",
    ),
    "an analysis without procedures": (
        ("report: monitoring", "report: analysis"),
        "phases[1].procedures", "анализу нечего анализировать: нет процедур",
    ),
    "procedures of a phase that analyses nothing": (
        ("report: analysis", "report: monitoring"),
        "phases[0].procedures", "процедуры разбирает только этап анализа",
    ),
    "positive changes told by an analysis": (
        ("    approval: {required: false}\n", CHANGES),
        "phases[0].positive_changes",
        "о позитивных изменениях говорят отчёты о мониторинге и об итогах года",
    ),
    "positive changes of schools whose risks are not read": (
        ("    approval: {required: false}\n", CHANGES),
        "phases[0].datasets",
        "о позитивных изменениях нужны и виды сведений: medk_changes, risk_profiles",
    ),
    "topics that may answer risks which are not read": (
        ("topics: shown", "topics: strict"),
        "closings.datasets", "о темах мероприятий нужен и вид сведений: risk_profiles",
    ),
    "a comparison of what the phase does not analyse": (
        ("current: vpr/2021/spring", "current: vpr/2021/autumn"),
        "phases[2].comparisons[0].current", "такой процедуры у этапа нет: «vpr/2021/autumn»",
    ),
    "a procedure compared twice": (
        ("current: ege/2021/main", "current: vpr/2021/spring"),
        "phases[2].comparisons[1].current", "процедура «vpr/2021/spring» уже сравнивается",
    ),
    "a procedure compared with another one": (
        ("previous: {kind: ege", "previous: {kind: oge"),
        "phases[2].comparisons[1].previous.kind",
        "«oge» и «ege» — разные процедуры, их не сравнивают",
    ),
    "a procedure compared with itself": (
        ("previous: {kind: ege, year: 2020", "previous: {kind: ege, year: 2021"),
        "phases[2].comparisons[1].previous", "процедура сравнивается сама с собой",
    ),
    "a procedure compared with a later one": (
        ("previous: {kind: ege, year: 2020", "previous: {kind: ege, year: 2022"),
        "phases[2].comparisons[1].previous.year", "2022 год — позже 2021, с которым сравнивают",
    ),
    "a comparison with what was not held": (
        ("short_title: ЕГЭ 2020}\n        caution",
         "short_title: ЕГЭ 2020, not_held: отменён}\n        caution"),
        "phases[2].comparisons[1].not_comparable",
        "процедура не проводилась: назовите, почему не сравнить",
    ),
    "a phase that no indicator's letter belongs to": (
        ("phase: march_analysis", "phase: may_analysis"),
        "measures[4].indicators[0].parameters.phase", "нет этапа «may_analysis»",
    ),
    "an indicator that counts another measure": (
        ("parameters: {basis: rec", "parameters: {measure: 6, basis: rec"),
        "measures[4].indicators[1].parameters.measure", "это имя занято: его задаёт сам запуск",
    ),
    "an indicator of another monitoring": (
        ("parameters: {monitoring: 12", "parameters: {monitoring: 15"),
        "measures[9].indicators[0].parameters.monitoring", "«15», а показатель стоит в № 12",
    ),
    "an indicator that nothing counts": (
        ("        sql: months_with_news\n", ""),
        "measures[3].indicators[1].sql",
        "показатель не считается: назовите запрос у него или у каждой части",
    ),
    "a parameter that the run sets": (
        ("parameters: {basis: rec", "parameters: {as_of: 10, basis: rec"),
        "measures[4].indicators[1].parameters.as_of", "это имя занято: его задаёт сам запуск",
    ),
    "a parameter that is a rule already": (
        ("parameters: {basis: rec", "parameters: {late_counts_as_done: true, basis: rec"),
        "measures[4].indicators[1].parameters.late_counts_as_done",
        "«late_counts_as_done» уже стоит среди rules",
    ),
    "a waiver of an indicator of another measure": (
        ("        indicator: \"16.1\"\n", "        indicator: \"17.2\"\n"),
        "measures[13].waivers[0].indicator", "в мероприятии нет показателя «17.2»",
    ),
    "a waiver of words that the order does not say": (
        ("      - words: Проведено\n", "      - words: в социальных сетях\n"),
        "measures[13].waivers[0].words", "слов «в социальных сетях» в мероприятии нет",
    ),
    "a part twice": (
        ("          - code: curator\n", "          - code: coordinator\n"),
        "measures[10].indicators[0].parts[1].code", "часть «coordinator» указана дважды",
    ),
    "a measure of the whole period without a rule for the time before": (
        ('      interim_indicators: ["11.1"]\n', ""),
        "measures[8].rules.interim_indicators",
        "мероприятие идёт весь период: перечислите показатели, по которым о нём судят до его конца",
    ),
    "an interim rule by another measure's indicator": (
        ('interim_indicators: ["11.1"]', 'interim_indicators: ["4.2"]'),
        "measures[8].rules.interim_indicators[0]", "в мероприятии нет показателя «4.2»",
    ),
    "a monitoring that counts what its own phase still has to do": (
        ("exclude: [12, 13]", "exclude: [12]"),
        "measures[9].rules.exclude", "этап мониторинга исполняет и № 13: добавьте их",
    ),
    "a monitoring that counts itself": (
        ("exclude: [12, 13]", "exclude: [13]"),
        "measures[9].rules.exclude", "мониторинг не считает сам себя: добавьте 12",
    ),
    "a monitoring that leaves out what is not there": (
        ("exclude: [12, 13]", "exclude: [12, 31]"),
        "measures[9].rules.exclude[1]", "нет мероприятия № 31",
    ),
    "a monitoring that does not say what it counts": (
        ("      include_ongoing: true\n", ""),
        "measures[9].rules.include_ongoing",
        "мониторинг: нужны exclude (список номеров), include_ongoing и include_own_schedule "
        "(true или false)",
    ),
    "a monitoring that nobody owns": (
        ("owns: [15]", "owns: []"),
        "measures[12]", "за мониторинг № 15 не отвечает ни один этап (phases[].owns)",
    ),
    "a value twice in a list of a rule": (
        ("exclude: [12, 13]", "exclude: [12, 12]"),
        "measures[9].rules.exclude[1]", "«12» указано дважды",
    ),
    "a list of a rule with nothing in it": (
        ("counted_states: [согласован куратором, подтверждён региональным координатором]",
         "counted_states: []"),
        "measures[8].rules.counted_states", "список пуст",
    ),
    "a plan in force without its order": (
        ('number: "376"\n  date: 2021-03-19', "number: null\n  date: null"),
        "in_force", "план в силе, а номера и даты приказа нет (order)",
    ),
    "an order with a number and no date": (
        ('number: "376"\n  date: 2021-03-19', 'number: "376"\n  date: null'),
        "order.date", "у изданного приказа есть и номер, и дата",
    ),
    "a municipality twice": (
        ("id: buyskiy", "id: buy"),
        "region.municipalities[4].id", "код «buy» указан дважды",
    ),
    "a municipality called region": (
        ("id: buyskiy", "id: region"),
        "region.municipalities[4].id", "код «region» занят: так зовётся область",
    ),
    "an unknown kind of window": (
        ("{kind: on, on: 2021-03-12}", "{kind: sometime, on: 2021-03-12}"),
        "measures[5].window",
        "«sometime» — такого вида нет; возможны: on, period, whole_period, own_schedule, dates, "
        "yearly, quarterly, after_event",
    ),
    "a window of no kind": (
        ("{kind: on, on: 2021-03-12}", "{on: 2021-03-12}"),
        "measures[5].window",
        "нет поля kind (on, period, whole_period, own_schedule, dates, yearly, quarterly или "
        "after_event)",
    ),
    "a day that no year has": (
        ("{kind: on, on: 2021-03-12}", "{kind: yearly, ends: 02-30}"),
        "measures[5].window.ends", "«02-30» — такого дня нет (месяц, потом день)",
    ),
    "a day of a month that is written otherwise": (
        ("{kind: on, on: 2021-03-12}", "{kind: yearly, ends: 10-01, starts: 1 сентября}"),
        "measures[5].window.starts", "«1 сентября» — нужны месяц и день вида 05-31",
    ),
    "a school year in a plan of one year": (
        ("{kind: on, on: 2021-03-12}", "{kind: yearly, starts: 09-01, ends: 05-31}"),
        "measures[5].window.starts",
        "время с 09-01 по 05-31 переходит через новый год и в годы плана целиком не входит: "
        "укажите last_year или другое начало",
    ),
    "due dates out of order": (
        ("{kind: on, on: 2021-03-12}", "{kind: dates, on: [2021-09-01, 2021-03-12]}"),
        "measures[5].window.on[1]", "12.03.2021 стоит после 01.09.2021: дни идут по порядку",
    ),
    "a due date twice": (
        ("{kind: on, on: 2021-03-12}", "{kind: dates, on: [2021-03-12, 2021-03-12]}"),
        "measures[5].window.on[1]", "12.03.2021 стоит после 12.03.2021: дни идут по порядку",
    ),
    "a due date outside of the plan's year": (
        ("{kind: on, on: 2021-03-12}", "{kind: dates, on: [2021-03-12, 2022-03-12]}"),
        "measures[5].window.on[1]", "дата вне года плана: 12.03.2022",
    ),
    "no due date at all": (
        ("{kind: on, on: 2021-03-12}", "{kind: dates, on: []}"),
        "measures[5].window.on", "пусто, а должно быть заполнено",
    ),
    "an event that nothing in the plan names": (
        ("{kind: on, on: 2021-03-12}", "{kind: after_event, event: seminar-7, working_days: 10}"),
        "measures[5].window.event",
        "события «seminar-7» не называет ни один показатель плана (parameters.event): исправьте "
        "код или напишите в window.title, что это за событие («семинара для …»)",
    ),
    "no working day after an event": (
        (
            "{kind: on, on: 2021-03-12}",
            "{kind: after_event, event: webinar-2021-03-12, working_days: 0}",
        ),
        "measures[5].window.working_days", "«0» меньше 1",
    ),
    "what is late for one quarter and in time for the next": (
        ("{kind: period, starts: 2021-03-01, ends: 2021-04-30}", "{kind: quarterly}"),
        "measures[7].rules.late_counts_as_done",
        "у мероприятия несколько сроков: сделанное после срока относится уже к следующему, "
        "поставьте false",
    ),
    "a roadmap that ends before it begins": (
        ("year: 2021\norder", "year: 2021\nlast_year: 2020\norder"),
        "last_year", "последний год плана 2020 раньше первого, 2021",
    ),
    "a field nobody knows": (
        ("closed: true", "closed: true\nclosd: true"),
        "closd", "лишнее поле, такого здесь не бывает: исправьте название или удалите",
    ),
    "a field that is missing": (
        ("working_day: previous\n", ""),
        "working_day", "поля нет, а оно обязательно: допишите его",
    ),
    "a number where a word must stand": (
        ('code: "6.1"', "code: 6.1"),
        "measures[5].indicators[0].code", "«6.1» — нужен текст (числа и да/нет — в кавычках)",
    ),
    "a control character in a name": (
        ("name: городской округ город Буй", r'name: "городской округ\u2028город Буй"'),
        "region.municipalities[1].name", None,
    ),
    "the year of another file": (
        ("year: 2021\norder", "year: 2022\norder"),
        "year", "в файле «2021.yaml» план «2022»: код плана — имя его файла",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "path", "text"), WRONG.values(), ids=WRONG)
def test_a_wrong_plan_is_refused_with_the_path_inside_the_file(
    change: tuple[str, str], path: str, text: str | None, tmp_path: Path
) -> None:
    found = problems(written(tmp_path, change))
    assert path in found, found
    if text is not None:
        assert found[path] == text


TWO_YEARS = ("year: 2021\norder", "year: 2021\nlast_year: 2022\norder")


@pytest.mark.parametrize(
    "window",
    [
        "{kind: dates, on: [2021-03-12, 2022-03-12]}",
        "{kind: yearly, ends: 10-01}",
        "{kind: yearly, starts: 09-01, ends: 05-31}",
        "{kind: quarterly}",
        "{kind: after_event, event: webinar-2021-03-12, working_days: 10}",
        "{kind: after_event, event: another, working_days: 10, title: семинара для кураторов}",
    ],
)
def test_a_roadmap_of_two_years_says_when_in_its_own_words(window: str, tmp_path: Path) -> None:
    folder = written(tmp_path, TWO_YEARS, ("{kind: on, on: 2021-03-12}", window))
    assert load_plan("2021", folder).years == (2021, 2022)


def test_what_is_asked_for_once_only_has_one_due_date(tmp_path: Path) -> None:
    quarterly = ("{kind: period, starts: 2021-03-01, ends: 2021-03-31}", "{kind: quarterly}")
    once = ("          due: 2021-04-30\n", "          due: 2021-04-30\n          once: true\n")
    found = problems(written(tmp_path, quarterly, once))
    assert found["measures[4].indicators[1].recommendation.once"] == (
        "у мероприятия несколько сроков, а once — об одном: уберите once"
    )


def test_a_day_after_a_roadmap_of_two_years_is_refused(tmp_path: Path) -> None:
    late = ("{kind: on, on: 2021-03-12}", "{kind: on, on: 2023-03-12}")
    found = problems(written(tmp_path, TWO_YEARS, late))
    assert found["measures[5].window.on"] == "дата вне лет 2021–2022 плана: 12.03.2023"


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    folder = written(
        tmp_path, ("run_day: 2021-03-31", "run_day: 31 марта"), ("closed: true", "closed: да")
    )
    assert set(problems(folder)) == {"phases[0].run_day", "closed"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "«ничего» — нужны поля с отступом"),
        ("year: 2021\nyear: 2021\n", "строка 2: ключ «year» повторён"),
        ("measures: [1, 2", "строка 2: это не YAML"),
        ("- 1\n", "нужны поля с отступом"),
    ],
)
def test_a_file_that_is_no_plan_at_all_is_refused(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "2021.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PlanError, match="План 2021 года не принят") as refused:
        load_plan("2021", tmp_path)
    assert told in str(refused.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "2021.yaml").write_bytes(GOOD.encode("cp1251", errors="replace"))
    with pytest.raises(PlanError, match="не в кодировке UTF-8"):
        load_plan("2021", tmp_path)


def of_kostroma(*edits: tuple[str, str]) -> bytes:
    """The small plan with the region of the repository's file instead of its own."""
    declared = read_yaml(GOOD)
    declared["region"] = "kostroma"
    text = yaml.safe_dump(declared, allow_unicode=True)
    for old, new in edits:
        text = text.replace(old, new)
    return text.encode()


def test_a_region_is_named_by_its_code_or_stands_in_its_plan() -> None:
    named, _ = examine(of_kostroma())
    assert named is not None
    assert named.region.name == "Костромская область"
    assert len(named.municipalities) == 29
    assert small_plan().region.name == "Условная область"


@pytest.mark.parametrize("code", ["vologda", "../plans/2021", "", "kostroma.yaml"])
def test_a_region_without_a_file_is_refused_with_those_there_are(code: str) -> None:
    plan, (problem,) = examine(of_kostroma(("region: kostroma", f"region: '{code}'")))
    assert plan is None
    assert problem.path == "region"
    assert problem.text == f"области «{code}» нет в include/regions (есть: kostroma)"


def test_a_phone_of_another_form_is_refused_with_the_forms_there_are(tmp_path: Path) -> None:
    folder = written(tmp_path, ("phone: (0000) 00-00-00}", "phone: 4942-555-17}"))
    with pytest.raises(PlanError, match=r"contact.phone: «4942-555-17» — телефоны пишут так: «\("):
        load_plan("2021", folder)


@pytest.mark.parametrize(
    ("code", "is_good"),
    [
        ("e", True),
        ("nizhniy-novgorod", True),
        ("okrug-17", True),
        ("m" * 40, True),
        ("m" * 41, False),
        ("17-okrug", False),
        ("two--hyphens", False),
        ("ends-", False),
        ("Upper", False),
        ("под-буй", False),
    ],
)
def test_a_municipalitys_code_is_latin_words_with_hyphens(code: str, is_good: bool) -> None:
    plan, problems = examine(GOOD.replace("id: buyskiy", f"id: {code}").encode())
    assert (plan is not None and not problems) is is_good


def test_a_year_without_a_file_is_refused_with_the_years_there_are(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"«2027\.yaml», такого файла нет \(есть планы: 2021\)"):
        load_plan("2027", written(tmp_path))


def test_other_years_go_on_when_one_is_broken(tmp_path: Path) -> None:
    written(tmp_path)
    written(tmp_path, ("run_day: 2021-03-31", "run_day: 2021-02-30"), stem="2022")
    plans, errors = load_plans(tmp_path)
    assert [plan.year for plan in plans] == [2021]
    assert [error.code for error in errors] == ["2022"]
    assert "phases[0].run_day" in str(errors[0])


def test_only_files_named_by_a_code_are_plans(tmp_path: Path) -> None:
    written(tmp_path)
    for other in ("working_days.yaml", "2022.yaml.bak", "План.yaml", "-2022.yaml"):
        (tmp_path / other).write_text("", encoding="utf-8")
    assert plan_codes(tmp_path) == ("2021",)


def test_a_plan_without_a_code_is_known_by_its_year(tmp_path: Path) -> None:
    assert load_plan("2021", written(tmp_path)).code == "2021"


def test_a_plans_code_is_its_files_name(tmp_path: Path) -> None:
    named = ("year: 2021", "year: 2021\ncode: spring-2021")
    written(tmp_path, named, stem="spring-2021")
    assert load_plan("spring-2021", tmp_path).code == "spring-2021"
    written(tmp_path, named, stem="autumn-2021")
    with pytest.raises(PlanError, match="код плана — имя его файла") as refused:
        load_plan("autumn-2021", tmp_path)
    assert str(refused.value).startswith("План «autumn-2021» не принят. Файл «autumn-2021.yaml», ")


def test_a_plan_that_says_something_else_has_another_hash(tmp_path: Path) -> None:
    before = plan_sha256(load_plan("2021", written(tmp_path)))
    commented = plan_sha256(
        load_plan("2021", written(tmp_path, ("closed: true", "closed: true # x")))
    )
    after = plan_sha256(load_plan("2021", written(tmp_path, ("closed: true", "closed: false"))))
    assert len(before) == 64
    assert before == commented
    assert before != after


def test_every_query_of_the_plan_exists_where_the_message_says(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"include/sql/indicators/attendance_share"):
        load_plan("2021", SMALL_PLANS, tmp_path)
    assert (SQL / "indicators" / "attendance_share" / "units.sql").exists()


@pytest.mark.parametrize("forgotten", ["units.sql", "about.yaml"])
def test_an_indicator_without_one_of_its_two_files_is_refused(
    tmp_path: Path, forgotten: str
) -> None:
    shutil.copytree(SQL / "indicators", tmp_path / "indicators")
    (tmp_path / "indicators" / "events_held" / forgotten).unlink()
    with pytest.raises(PlanError, match="events_held") as refused:
        load_plan("2021", SMALL_PLANS, tmp_path)
    assert [path for path, _ in refused.value.problems] == ["measures[7].indicators[0].sql"]
