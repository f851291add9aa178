"""Where a number comes from can be told to the file, and what is asked wrongly is told too."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from roadmap.indicators.evaluate import evaluate
from roadmap.indicators.explain import (
    DATASET_OF_TABLE,
    ExplainRefused,
    Explanation,
    explain,
    find_run,
)
from roadmap.indicators.status import Status
from roadmap.paths import SQL
from roadmap.plan.load import plan_json, plan_sha256
from roadmap.plan.model import occasions
from roadmap.store.kept import keep
from roadmap.store.tables import FACTS, load_batch, metadata, phase_run, run_batch
from roadmap_cli.explain import in_russian
from support.plans import of_before_regions, small_plan, whole_plan
from support.run_rows import RUN_ID, put, put_rules, put_run
from support.whole_year import put_year, whole_year

PLAN = small_plan()
WEBINAR = "webinar-2021-03-12"
BUYSKIY, GALICH, REGION = "buyskiy", "galich", "region"
RECEIVED_MS = 1_615_900_000_000  # 16.03.2021 16:06:40 in Moscow

GIVEN: dict[str, list[dict[str, Any]]] = {
    "run_municipality": [
        {"municipality_id": BUYSKIY, "name": "Буйский муниципальный район"},
        {"municipality_id": GALICH, "name": "город Галич"},
        {"municipality_id": "sharya", "name": "город Шарья", "is_participating": 0},
        {"municipality_id": REGION, "name": "Департамент", "is_participating": 0},
    ],
    "run_school": [
        {"school_id": "s1", "municipality_id": BUYSKIY, "name": "Школа № 1"},
        {"school_id": "s2", "municipality_id": BUYSKIY, "name": "Школа № 2"},
        {"school_id": "s3", "municipality_id": GALICH, "name": "Школа № 3"},
    ],
    "person_role": [
        {"person_id": p, "role": "curator", "municipality_id": m, "school_id": s}
        for p, m, s in (("c1", BUYSKIY, "s1"), ("c2", BUYSKIY, "s2"), ("c3", GALICH, "s3"))
    ],
    "event": [
        {"event_id": WEBINAR, "measure": "6", "held_on": "2021-03-12"},
        *(
            {"event_id": f"e{n}", "seminar_id": f"s{n % 3}", "held_on": f"2021-03-{n + 14}"}
            for n in range(8)
        ),
    ],
    "attendance": [{"event_id": WEBINAR, "role": "curator", "person_id": p} for p in ("c1", "c3")],
}


@pytest.fixture
def run(engine: Engine) -> Engine:
    with engine.begin() as connection:
        put_run(connection)
        put_rules(connection, PLAN)
        put(connection, GIVEN)
        connection.execute(update(phase_run).values(plan_sha256=plan_sha256(PLAN)))
        connection.execute(
            update(load_batch)
            .where(load_batch.c.dataset == "attendance")
            .values(scope=WEBINAR, file_name="вебинар.csv", received_ms=RECEIVED_MS)
        )
        # The log of another event, which the query does not read.
        connection.execute(
            insert(load_batch).values(
                batch_id="other", plan_code="2021", dataset="attendance", scope="webinar-2021-06",
                file_name="чужой.csv", sha256="f" * 64, size_bytes=1, received_ms=0, loaded_ms=0,
                state="accepted", rows_read=0, rows_accepted=0, rows_rejected=0,
            )
        )  # fmt: skip
        connection.execute(insert(run_batch).values(run_id=RUN_ID, batch_id="other"))
    evaluate(engine, PLAN, RUN_ID)
    return engine


def of(
    engine: Engine,
    indicator: str,
    municipality: str = REGION,
    run: str = "latest:march_analysis",
) -> Explanation:
    with engine.connect() as connection:
        return explain(connection, run, municipality, indicator, lambda _: PLAN)


def test_a_share_is_told_with_its_query_its_parameters_and_its_file(run: Engine) -> None:
    found = of(run, "6.2", BUYSKIY)
    assert found.result is not None
    assert (found.result.numerator, found.result.denominator) == (1, 2)
    assert found.result.status is Status.NOT_DONE or found.result.status is Status.PARTLY
    (query,) = found.queries
    assert query.stem == "attendance_share"
    assert query.question == "Какая доля людей с этой ролью участвовала в мероприятии?"
    assert query.text == (SQL / "indicators" / "attendance_share" / "units.sql").read_text("utf-8")
    assert dict(query.bound) == {
        "as_of": "2021-03-31", "event": WEBINAR, "role": "curator", "run_id": RUN_ID,
        "changes_stage": 0,
    }  # fmt: skip
    files = {batch.dataset: batch for batch in found.batches}
    assert files["attendance"].file_name == "вебинар.csv"
    assert len([batch for batch in found.batches if batch.dataset == "attendance"]) == 1
    assert {"events", "registry_people"} <= files.keys()
    assert [(gap.person_id, gap.school_id) for gap in found.missing] == [("c2", "s2")]
    assert not found.is_plan_changed


def test_the_region_is_told_with_all_that_is_missing_in_it(run: Engine) -> None:
    found = of(run, "6.2")
    assert found.result is not None
    assert (found.result.numerator, found.result.denominator) == (2, 3)
    assert {gap.municipality_id for gap in found.missing} == {BUYSKIY}


def test_lists_of_rules_are_told_as_the_run_froze_them(run: Engine) -> None:
    (query,) = of(run, "1.1").queries
    assert [name for name, _ in query.rules] == ["required_documents"]
    assert "положение о проекте" in query.rules[0][1]


def test_each_part_has_its_query(run: Engine) -> None:
    found = of(run, "13.1/curator", BUYSKIY)
    assert [query.code for query in found.queries] == [
        "13.1/coordinator", "13.1/curator", "13.1/school",
    ]  # fmt: skip
    assert {dict(query.bound).get("role") for query in found.queries[:2]} == {
        "coordinator", "curator",
    }  # fmt: skip


def test_what_no_file_came_of_is_named(run: Engine) -> None:
    found = of(run, "11.1", BUYSKIY)
    assert found.result is not None
    assert found.result.numerator is None
    assert len(found.absent) >= 2  # documents of МЭДК and risk profiles


def test_a_number_is_explained_by_the_plan_that_its_run_kept(run: Engine) -> None:
    kept_one = PLAN.model_copy(update={"working_day": "next"})
    latest = "latest:march_analysis"
    with run.begin() as connection:
        connection.execute(update(phase_run).values(plan_sha256=plan_sha256(kept_one)))
        assert explain(connection, latest, REGION, "6.2", lambda _: PLAN).is_plan_changed
        keep(connection, "plan", plan_sha256(kept_one), lambda: plan_json(kept_one))
        nothing_filed = {}.__getitem__  # the file may be gone
        assert not explain(connection, latest, REGION, "6.2", nothing_filed).is_plan_changed


def test_a_run_of_before_regions_were_data_is_explained_by_its_own_plan(run: Engine) -> None:
    """Its reminder may have gone from today's plan."""
    one = next(phase for phase in occasions(PLAN) if phase.report == "reminder")
    assert PLAN.reminders is not None
    latest = f"latest:{one.code}"
    without = PLAN.model_copy(update={"reminders": None})
    with run.begin() as connection:
        of_reminder = {"phase": one.code, "plan_sha256": "a" * 64}
        connection.execute(update(phase_run).values(of_reminder))
        with pytest.raises(ExplainRefused, match=f"этапа «{one.code}» теперь нет"):
            explain(connection, latest, REGION, "6.2", lambda _: without)
        keep(connection, "plan", "a" * 64, lambda: of_before_regions(PLAN))
        found = explain(connection, latest, REGION, "6.2", lambda _: without)
    assert found.phase_title == one.title
    assert found.local_time == PLAN.local_time


def test_a_number_whose_query_has_gone_is_told_as_that(run: Engine) -> None:
    measure = PLAN.measure("6")
    gone = tuple(one.model_copy(update={"sql": "gone"}) for one in measure.indicators)
    changed = measure.model_copy(update={"indicators": gone})
    measures = tuple(changed if one.number == "6" else one for one in PLAN.measures)
    with run.begin() as connection, pytest.raises(ExplainRefused, match="Запроса «gone»"):
        connection.execute(update(phase_run).values(plan_sha256="0" * 64))
        explain(
            connection, "latest:march_analysis", REGION, "6.2",
            lambda _: PLAN.model_copy(update={"measures": measures}),
        )  # fmt: skip


def test_a_plan_that_changed_since_is_told(run: Engine) -> None:
    with run.begin() as connection:
        connection.execute(update(phase_run).values(plan_sha256="0" * 64))
    found = of(run, "6.2")
    assert found.is_plan_changed
    assert "ВНИМАНИЕ: план с тех пор изменился" in in_russian(found)


def test_what_is_measured_after_sending_is_told_as_not_measured_yet(run: Engine) -> None:
    found = of(run, "5.0", BUYSKIY)
    assert found.result is None
    assert found.queries[0].reads_ledger
    assert "измеряется после отправки писем" in in_russian(found)


def a_year(engine: Engine, phase: str, as_of: str, **more: Any) -> None:
    """The small year judged by one phase; `more` are rows put beside its own."""
    rows = whole_year()
    for table, added in more.items():
        rows[table] = [*rows[table], *added]
    put_year(engine, PLAN, rows, as_of=as_of, phase=phase)
    with engine.begin() as connection:
        put(
            connection,
            {"run_municipality": [{"municipality_id": REGION, "is_participating": 0}]},
        )
    evaluate(engine, PLAN, RUN_ID)


def test_a_monitoring_is_told_measure_by_measure_and_misses_what_its_unit_misses(
    engine: Engine,
) -> None:
    a_year(engine, "june_monitoring", "2021-06-30")
    acts = metadata.tables["municipal_act"]
    with engine.begin() as connection:
        connection.execute(
            update(acts).where(acts.c.municipality_id == GALICH).values(basis="other")
        )
    evaluate(engine, PLAN, RUN_ID)
    region, galich = (
        of(engine, "12.1", unit, "latest:june_monitoring") for unit in (REGION, GALICH)
    )
    for found, counted in ((region, 8), (galich, 4)):
        assert found.monitoring is not None
        assert found.result is not None
        assert found.monitoring.run_id == RUN_ID
        assert len(found.monitoring.measures) == found.result.denominator
        in_numerator = [one for one in found.monitoring.measures if found.monitoring.counts(one)]
        assert len(in_numerator) == found.result.numerator == counted
        assert [(gap.municipality_id, gap.measure) for gap in found.missing] == [
            (found.municipality_id, "5")
        ]
    text = in_russian(region)
    assert "№ 4: в работе — засчитано, промежуточные показатели выполнены" in text
    assert "№ 5: исполнено частично — не засчитано" in text
    assert "Файлов нет" not in text


def test_a_later_phase_tells_which_run_monitored(engine: Engine) -> None:
    a_year(engine, "december_summary", "2021-12-31")
    found = of(engine, "12.1", REGION, "latest:december_summary")
    assert found.monitoring is not None
    assert [one.measure.number for one in found.monitoring.measures] == ["5", "6", "8"]
    title = PLAN.phase("june_monitoring").title
    assert f"на 30.06.2021, этап «{title}» (мероприятий: 3)" in in_russian(found)


def test_before_a_monitoring_there_is_nothing_to_count(run: Engine) -> None:
    assert "Мониторинг к этому дню не проводился" in in_russian(of(run, "12.1"))


def test_a_number_to_be_reached_has_no_denominator(engine: Engine) -> None:
    a_year(engine, "december_summary", "2021-12-31")
    text = in_russian(of(engine, "16.1", REGION, "latest:december_summary"))
    assert "Сделано: 20\u00a0стажировок" in text
    assert "на базе школ-лидеров: 20\u00a0стажировок\n" in text
    assert "нет данных" not in text


def test_the_programme_that_a_school_lacks_is_told_by_its_factor(engine: Engine) -> None:
    a_year(
        engine, "june_monitoring", "2021-06-30",
        risk=[{"school_id": "s3", "factor": "motivation", "level": "high"}],
    )  # fmt: skip
    text = in_russian(of(engine, "11.1", GALICH, "latest:june_monitoring"))
    assert "антирисковая программа «Низкая учебная мотивация обучающихся»" in text
    assert "risk/" not in text.partition("Не хватает")[2]


def test_a_letter_that_knew_no_marks_is_told_with_their_stage(engine: Engine) -> None:
    june = PLAN.phase("june_monitoring")
    told = june.model_copy(
        update={"positive_changes": whole_plan().phase("june_monitoring").positive_changes}
    )
    phases = tuple(told if phase is june else phase for phase in PLAN.phases)
    plan = PLAN.model_copy(update={"phases": phases})
    put_year(engine, plan, whole_year() | {"positive_change": []})
    evaluate(engine, plan, RUN_ID)
    with engine.connect() as connection:
        found = explain(connection, "latest:december_summary", GALICH, "13.3", lambda _: plan)
    assert "отметки 1 этапа мониторинга позитивных изменений" in in_russian(found)


CODES = [indicator.code for measure in PLAN.measures for indicator in measure.indicators]


def test_every_indicator_of_the_plan_can_be_told(run: Engine) -> None:
    assert CODES
    for code in CODES:
        found = of(run, code)
        text = in_russian(found, with_query=True)
        assert text.startswith(f"Показатель {code}. ")
        assert "Запрос include/sql/indicators/" in text
        assert not re.search(r"@|\bNone\b|<[A-Za-z]", re.sub(r"<>|<=|< ", "", text)), code


def test_without_being_asked_no_query_no_id_and_no_english_is_told(run: Engine) -> None:
    register_codes = re.compile(r"\b(?:c|s)\d\b|«[^»]*»|make explain|QUERY=1")
    for code in CODES:
        found = of(run, code)
        text = in_russian(found)
        assert found.run_id not in text and "SHA-256" not in text
        assert not re.search(r"[A-Za-z]{2,}", register_codes.sub("", text)), text


def test_every_fact_that_a_query_reads_has_a_dataset_to_be_told() -> None:
    facts = {table.name for table in FACTS}
    read = {
        name
        for path in (SQL / "indicators").glob("*/units.sql")
        for name in re.findall(r"\b(?:from|join)\s+([a-z_]+)", path.read_text("utf-8"))
    } & facts
    assert len(read) > 10
    assert read <= DATASET_OF_TABLE.keys()


def test_the_printed_text_says_all_of_it_in_russian(run: Engine) -> None:
    text = in_russian(of(run, "6.2", BUYSKIY))
    for piece in (
        "Показатель 6.2. Кураторы участвовали в вебинаре",
        "Для кого: Буйский муниципальный район\n",
        "по состоянию на 31.03.2021, по сведениям на 31.03.2021 10:00",
        "Цель: 100 %",
        "Сделано: 1 из 2 кураторов",
        "Доля: 50,00 %",
        "не хватает: 1\u00a0куратор",
        "«вебинар.csv», поступил 16.03.2021 16:06",
        "Буйский муниципальный район: куратор c2, Школа № 2\n",
    ):
        assert piece in text, text
    assert text.index("«вебинар.csv»") < text.index("Не хватает") < text.index("QUERY=1")
    with_query = in_russian(of(run, "6.2", BUYSKIY), with_query=True)
    assert with_query.index("Не хватает") < with_query.index(f":event = {WEBINAR}")


@pytest.mark.parametrize("text", ["0123456789abcdef", "0123", "latest:june_monitoring"])
def test_a_run_may_be_named_by_the_beginning_of_its_id_or_as_a_phase_s_latest(
    run: Engine, text: str
) -> None:
    with run.begin() as connection:
        connection.execute(
            insert(phase_run).values(
                run_id="0123456789abcdef", plan_code="2021", phase="june_monitoring",
                occasion="2021/june_monitoring", mode="live", as_of="2021-06-30",
                known_at_ms=1, started_ms=1, plan_sha256="0" * 64, templates_sha256="0" * 64,
                code_version="test", requested_by="test",
            )
        )  # fmt: skip
        put(
            connection,
            {"run_municipality": [{"municipality_id": REGION, "is_participating": 0}]},
            run_id="0123456789abcdef",
        )
    assert of(run, "6.2", run=text).run_id == "0123456789abcdef"


def test_the_latest_run_of_a_phase_is_the_latest_that_wrote_to_addressees(run: Engine) -> None:
    """A rehearsal hides no live run; it is had by asking for it."""
    with run.begin() as connection:
        before = connection.execute(select(phase_run)).mappings().one()
        for later, mode in enumerate(("dry", "redirect"), start=1):
            row = {**before, "run_id": mode * 4, "mode": mode}
            row["started_ms"] = before["started_ms"] + later
            connection.execute(insert(phase_run).values(row))
        found = {
            text: find_run(connection, f"latest:march_analysis{text}")["run_id"]
            for text in ("", ":live", ":dry", ":redirect", ":any")
        }
        assert found == {
            "": RUN_ID, ":live": RUN_ID, ":dry": "dry" * 4, ":redirect": "redirect" * 4,
            ":any": "redirect" * 4,
        }  # fmt: skip
        with pytest.raises(ExplainRefused, match="Нет вида отправки «test»"):
            find_run(connection, "latest:march_analysis:test")
        connection.execute(update(phase_run).values(mode="dry"))
        with pytest.raises(ExplainRefused, match="других: 3"):
            find_run(connection, "latest:march_analysis")


REFUSED = {
    "a run that is none": (
        {"run": "zzzz"}, "Нет запуска, номер которого начинается с «zzzz». Последние запуски: run",
    ),
    "wildcards are no run": ({"run": "____"}, "Нет запуска, номер которого начинается с «____»"),
    "too little of an id": ({"run": "z"}, "не меньше 4 первых знаков"),
    "a phase that did not run": (
        {"run": "latest:june_monitoring"}, "Запусков этапа «june_monitoring» не было",
    ),
    "a municipality that is none": (
        {"municipality": "Буйский район"},
        "нет муниципалитета «Буйский район». Похожи: «Буйский муниципальный район».",
    ),
    "one that does not take part": ({"municipality": "sharya"}, "не участник проекта"),
    "an indicator that is none": ({"indicator": "6.9"}, "нет показателя «6.9». Есть: 1.1, 2.2"),
    "one of the region": (
        {"indicator": "8.1"}, "считается по региону целиком. Укажите MUNICIPALITY=region",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "answer"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_there_is_told_with_what_there_is(
    run: Engine, asked: dict[str, str], answer: str
) -> None:
    with pytest.raises(ExplainRefused) as refused:
        of(
            run,
            **{"indicator": "6.2", "municipality": BUYSKIY, "run": "latest:march_analysis"} | asked,
        )
    assert answer in str(refused.value)


def test_several_runs_that_begin_alike_are_listed(run: Engine) -> None:
    with run.begin() as connection:
        for number in (1, 2):
            connection.execute(
                insert(phase_run).values(
                    run_id=f"abcdef{number}", plan_code="2021", phase="march_analysis",
                    occasion="2021/march_analysis", mode="dry", as_of="2021-03-31",
                    known_at_ms=1, started_ms=number, plan_sha256="0" * 64,
                    templates_sha256="0" * 64, code_version="test", requested_by="test",
                )
            )  # fmt: skip
    with pytest.raises(ExplainRefused, match=r"нескольких запусков: abcdef2 .* abcdef1"):
        of(run, "6.2", run="abcd")


def test_without_any_run_that_is_told(engine: Engine) -> None:
    with pytest.raises(ExplainRefused, match="Запусков ещё не было"):
        of(engine, "6.2", run="latest:march_analysis")
