"""Every table of the roadmap's database, as SQLAlchemy Core describes it.

Kinds of values, the same on SQLite and PostgreSQL, so that one SQL file serves both:
a date is ISO text (`2021-03-31`, compares as a date does), a moment is UTC epoch
milliseconds (`_ms`, BIGINT), a yes/no is 0 or 1, an id is text. The migrations create
exactly these tables; a test compares the two.

The delivery ledger's keys, checks and partial indexes may not be weakened
(docs/decisions/): they are what makes a duplicate or a leak an impossible row.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem

from roadmap.datasets.catalogue import TABLES
from roadmap.datasets.model import FactTable

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Day = String(10)  # ISO date


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, metadata, *items)


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


def _facts(declared: FactTable) -> Table:
    """A fact table: every row says which load batch brought it and from which row of the file."""
    constraints = [
        CheckConstraint(f"{column.key} in {tuple(column.choices.values())}", name=column.key)
        for column in declared.stored
        if column.is_constrained
    ]
    return _table(
        declared.name,
        Column("batch_id", ForeignKey("load_batch.batch_id"), nullable=False, index=True),
        Column("sheet", Text),
        Column("row", Integer),  # 1-based row in the file; NULL where rows were aggregated
        *(
            Column(
                column.key,
                Integer if column.is_number else Day if column.is_day else Text,
                nullable=column.is_nullable,
            )
            for column in declared.stored
        ),
        *constraints,
    )


# -- Evidence: what came in ----------------------------------------------------------------

load_batch = _table(
    "load_batch",
    Column("batch_id", String(32), primary_key=True),
    Column("plan_code", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("scope", Text, nullable=False),  # e.g. "vpr/2020/autumn/5/русский язык" or "all"
    Column("file_name", Text, nullable=False),  # cleaned: NFC, no controls, at most 120 chars
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    # When its content became known: the source's receipts.csv, else our clock.
    Column("received_ms", BigInteger, nullable=False),
    Column("loaded_ms", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("rows_read", Integer, nullable=False),
    Column("rows_accepted", Integer, nullable=False),
    Column("rows_rejected", Integer, nullable=False),
    Column("refusal_code", Text),  # e.g. HEADER, ENCRYPTED, CONFLICT (docs/delivery.md §8)
    Column("refusal_message", Text),  # the Russian sentence for the operator
    Column("told_ms", BigInteger),  # when the operator was mailed of it; NULL: not yet
    # By which scale the marks were given («20: 7, 11, 15»; "": none was known); NULL: by none.
    Column("scale", Text),
    CheckConstraint("state in ('accepted', 'refused')", name="state"),
    CheckConstraint("(state = 'refused') = (refusal_code is not null)", name="refusal"),
    Index("ix_load_batch_in_force", "plan_code", "dataset", "scope", "received_ms"),
)

rejected_row = _table(
    "rejected_row",
    Column("batch_id", ForeignKey("load_batch.batch_id"), nullable=False, index=True),
    Column("sheet", Text),
    Column("row", Integer),  # NULL in pupil protocols: there only counts are kept
    Column("column_name", Text),
    Column("rule", Text, nullable=False),
    Column("rows", Integer, nullable=False, server_default=text("1")),
    Column("message", Text, nullable=False),  # Russian; personal fields masked
)

load_warning = _table(  # what was repaired or dropped while reading, and is told
    "load_warning",
    Column("batch_id", ForeignKey("load_batch.batch_id"), nullable=False, index=True),
    Column("message", Text, nullable=False),  # Russian; personal fields masked
    # without_marks | about_another | withdrawn: the operator is mailed of it; NULL: only told
    Column("code", Text),
)

# What persons decided about files that cover less than what is in force; the last one counts.
held_file_decision = _table(
    "held_file_decision",
    Column("batch_id", ForeignKey("load_batch.batch_id"), primary_key=True),
    Column("decided_ms", BigInteger, primary_key=True),
    *_texts("decision", "actor", "reason"),
    CheckConstraint("decision in ('replace', 'add', 'keep')", name="decision"),
)

# What lies in the inbox and is not accepted, as the last pull of its dataset found it.
lying_file = Table(
    "lying_file",
    metadata,
    Column("plan_code", Text, primary_key=True),
    Column("dataset", Text, primary_key=True),
    Column("place", Text, primary_key=True),  # below inbox/<plan>: «acts/a.csv», cleaned
    Column("batch_id", ForeignKey("load_batch.batch_id"), nullable=False),
)

# Declared in `roadmap.datasets`, with what each column means.
FACTS = tuple(_facts(table) for table in TABLES.values())

# -- Phase runs: frozen inputs and what was computed from them ------------------------------

phase_run = _table(
    "phase_run",
    Column("run_id", String(32), primary_key=True),
    Column("plan_code", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("occasion", Text, nullable=False),  # "2021/march_analysis"
    Column("mode", Text, nullable=False),
    Column("as_of", Day, nullable=False),
    Column("known_at_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("plan_sha256", String(64), nullable=False),
    Column("templates_sha256", String(64), nullable=False),
    Column("code_version", Text, nullable=False),
    Column("reason", Text),  # of a correction
    Column("requested_by", Text, nullable=False),  # Airflow's run id or "cli"
    Column("sample", Integer),  # of a test: so many addressees, drawn at random when frozen
    # What the known-at moment knows: what had been loaded by then, or all that had been received.
    Column("known_by", Text, nullable=False, server_default=text("'loaded'")),
    CheckConstraint("mode in ('live', 'redirect', 'dry')", name="mode"),
    CheckConstraint("known_by in ('loaded', 'received')", name="known_by"),
)

run_batch = _table(  # which batches were in force at the run's known-at moment
    "run_batch",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("batch_id", ForeignKey("load_batch.batch_id"), primary_key=True),
)

run_municipality = _table(  # addressees of the run, named as on its as-of date; 'region' among them
    "run_municipality",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("municipality_id", Text, primary_key=True),
    *_texts("name", "genitive", "short_name"),
    Column("is_participating", Integer, nullable=False),
    Column("is_selected", Integer, nullable=False),  # the trigger form's choice
)

run_school = _table(  # every school of the region as on the as-of date
    "run_school",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("school_id", Text, primary_key=True),
    Column("municipality_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("is_participating", Integer, nullable=False),
)


def _procedure() -> tuple[Column[Any], ...]:
    """Of which procedure's results a reference is: its meaning depends on the day."""
    return (
        Column("kind", Text, primary_key=True),
        Column("year", Integer, primary_key=True),
        Column("wave", Text, primary_key=True),
    )


run_school_ref = _table(  # which school this run reads a reference in results as
    "run_school_ref",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    *_procedure(),
    Column("scheme", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("school_id", Text, nullable=False),
)

run_municipality_ref = _table(  # the same of municipalities, by how the file writes them
    "run_municipality_ref",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    *_procedure(),
    Column("ref", Text, primary_key=True),
    Column("municipality_id", Text, nullable=False),
)

run_foreign_ref = _table(
    # A school under a municipality that is not its own by the registry (FOREIGN_SCHOOL).
    # Result rows with this pair of references are nobody's: every query leaves them out by
    # `not exists (select 1 from run_foreign_ref ...)` on run_id, procedure and references.
    "run_foreign_ref",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    *_procedure(),
    Column("scheme", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("municipality_ref", Text, primary_key=True),
)

run_rule = _table(
    # The plan's rules whose value is a list, one row per value, so that SQL can join them
    # (rules of one value are bound as parameters). Texts are normalised as the facts' are.
    "run_rule",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("measure", Text, primary_key=True),  # its number, as the plan has it
    Column("rule", Text, primary_key=True),
    Column("value", Text, primary_key=True),
)

run_risk = _table(
    # Each school's risks by its last assessment up to the as-of date.
    "run_risk",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("school_id", Text, primary_key=True),
    Column("factor", Text, primary_key=True),
    Column("is_activated", Integer, nullable=False),
)

run_deficit = _table(
    # What the analyses of the year and the risk profiles found, as this run knows it: a subject and
    # grade with low results, or a risk that a school has taken into work. A row that names nothing:
    # some were judged and had none. Without any row nobody has looked yet.
    "run_deficit",
    Column("run_id", ForeignKey("phase_run.run_id"), nullable=False, index=True),
    Column("subject", Text),
    Column("grade", Integer),
    Column("factor", Text),
)

run_recommendation = _table(
    # Which municipalities have a check-list of the management cycle, and from which day its
    # recommendations hold, as this run knows it without its own letters.
    "run_recommendation",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("measure", Text, primary_key=True),
    Column("municipality_id", Text, primary_key=True),
    Column("is_whole", Integer, nullable=False),  # 1: each component of the plan is scored
    Column("sent_on", Day),  # the as-of date of the first letter that carried them
    Column("recommended_on", Day),
)

run_finding = _table(  # what the frozen evidence does not say, or says in contradiction
    "run_finding",
    Column("run_id", ForeignKey("phase_run.run_id"), nullable=False, index=True),
    Column("rule", Text, nullable=False),  # UNKNOWN_SCHOOL, FOREIGN_SCHOOL, NO_CONTACT, ...
    Column("municipality_id", Text),
    Column("dataset", Text),
    Column("batch_id", Text),
    Column("message", Text, nullable=False),
)

run_dataset = _table(  # state of each dataset of the phase at freeze
    "run_dataset",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("dataset", Text, primary_key=True),
    Column("need", Text, nullable=False),  # needed | told
    Column("state", Text, nullable=False),  # received | missing | refused
    Column("batches", Integer, nullable=False),
    Column("latest_received_ms", BigInteger),
)

indicator_result = _table(
    "indicator_result",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("indicator", Text, primary_key=True),
    Column("municipality_id", Text, primary_key=True),  # 'region' for the whole
    Column("numerator", Integer),  # NULL: no data, or not computed
    Column("denominator", Integer),
    Column("target", Float, nullable=False),
    Column("shortfall", Integer),  # in the indicator's units; 0 when met
    Column("met_on", Day),  # when the last needed fact happened, where that is known
    Column("status", Text, nullable=False),  # indicators.status.Status
    Column("target_on", Day),  # of a target by quarter: the last day of the one that is judged
    Column("baseline_numerator", Integer),  # what a change is counted from
    Column("baseline_denominator", Integer),
)

indicator_gap = _table(  # the rows that count as missing: what the letter names
    "indicator_gap",
    Column("run_id", ForeignKey("phase_run.run_id"), nullable=False, index=True),
    Column("indicator", Text, nullable=False),
    Column("municipality_id", Text, nullable=False),
    # coordinator | curator | school | municipality | document | month | programme | event
    # | seminar | direction | page | measure
    Column("unit_kind", Text, nullable=False),
    Column("person_id", Text),
    Column("school_id", Text),
    Column("measure", Text),  # of a monitoring: the measure that is not executed
    # What is missing, in words that need no school: a document's name, a month («2021-05»),
    # a programme's title; beside a school, which of its documents («risk/» and a factor's code
    # for an anti-risk programme), or of its questionnaires.
    Column("detail", Text),
    # When it was made good by a substitute (the recording was studied); the figure stays.
    Column("compensated_on", Day),
)

monitoring_scope = _table(  # which measures a monitoring counts (docs/domain.md §7.2)
    "monitoring_scope",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("monitoring", Text, primary_key=True),  # number of the monitoring measure
    Column("measure", Text, primary_key=True),
)

measure_status = _table(
    "measure_status",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("measure", Text, primary_key=True),
    Column("municipality_id", Text, primary_key=True),
    Column("due", Day),
    Column("status", Text, nullable=False),
    # At a check-point: met, late or not, or in progress and its interim rule holds.
    Column("is_executed", Integer, nullable=False, server_default=text("0")),
)

_COUNTS = (
    "absent", "mark_2", "mark_3", "mark_4", "mark_5", "compared", "lowered", "confirmed", "raised",
    "below_minimum", "minimum", "score_sum", "high_scores",
)  # fmt: skip

paper_result = _table(  # one unit in one paper, computed once; shares are derived on showing
    "paper_result",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("wave", Text, primary_key=True),
    Column("grade", Integer, primary_key=True),
    Column("subject", Text, primary_key=True),
    # school: one participating school; municipality: its participating schools that are
    # not small; participants: the same over the region; region: every school of the region.
    Column("level", Text, primary_key=True),
    Column("unit_id", Text, primary_key=True),  # school_id, municipality_id or 'region'
    Column("municipality_id", Text, nullable=False),  # whose letter may show it; or 'region'
    Column("schools", Integer, nullable=False),  # how many schools are summed here
    Column("small_schools", Integer, nullable=False),  # left out of the sum as too small
    Column("participants", Integer, nullable=False),
    *(Column(name, Integer) for name in _COUNTS),
    Column("is_small", Integer, nullable=False),  # fewer than least_participants: show nothing
    Column("is_low", Integer),  # share of «2» (below minimum) >= threshold; NULL: no verdict
    # School rows: fewer than least_participants compared with the journal; NULL: not compared.
    Column("is_journal_small", Integer),
    # Municipality rows: the region's schools outside the municipality. The region's figures
    # minus the municipality's are theirs, so they decide whether the region may be shown.
    Column("elsewhere_schools", Integer),
    Column("elsewhere_participants", Integer),
)

school_verdict = _table(  # the ШНОР rule of docs/domain.md §4.2
    "school_verdict",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("school_id", Text, primary_key=True),
    Column("municipality_id", Text, nullable=False),
    Column("papers", Integer, nullable=False),  # with a verdict
    Column("small_papers", Integer, nullable=False),
    Column("low_papers", Integer, nullable=False),
    Column("verdict", Text, nullable=False),  # low | risk | not_low | no_verdict
)

report = _table(
    "report",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("municipality_id", Text, primary_key=True),
    Column("content_sha256", String(64), nullable=False),
    Column("model", Text, nullable=False),  # canonical JSON of reports.model.ReportModel
)

told_report = _table(  # what letters of that content tell; the run's report may be composed anew
    "told_report",
    Column("municipality_id", Text, primary_key=True),
    Column("content_sha256", String(64), primary_key=True),
    Column("model", Text, nullable=False),  # JSON of reports.model.ReportModel
)

kept = _table(  # what runs and letters were made with, once under its hash (store.kept)
    "kept",
    Column("sha256", String(64), primary_key=True),
    Column("what", Text, nullable=False),  # plan | templates | program | report
    Column("content", LargeBinary, nullable=False),  # compressed by zlib
)

report_file = _table(  # the manifest: which bytes are whose
    "report_file",
    Column("run_id", Text, primary_key=True),
    Column("municipality_id", Text, primary_key=True),
    Column("file_kind", Text, primary_key=True),  # html | text | docx | pdf | xlsx | school_pdf
    Column("part", Text, primary_key=True, server_default=text("''")),  # school_id of a page
    Column("file_name", Text, nullable=False),  # for people; never used for matching
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("pages", Integer),
    Column("path", Text, nullable=False),  # under roadmap_reports
    ForeignKeyConstraint(
        ["run_id", "municipality_id"], ["report.run_id", "report.municipality_id"]
    ),
)

# -- Delivery: who was told ------------------------------------------------------------------

_UNFINISHED = "('held', 'ready', 'claimed', 'in_doubt', 'unknown', 'retry')"

municipality = _table(
    "municipality",
    Column("municipality_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    CheckConstraint("length(municipality_id) between 1 and 40", name="id_length"),
)

recipient = _table(  # immutable: another address is another row
    "recipient",
    Column("recipient_id", Text, primary_key=True),
    Column("municipality_id", ForeignKey("municipality.municipality_id"), nullable=False),
    Column("addr", Text, nullable=False),
    Column("active", Integer, nullable=False, server_default=text("1")),
    CheckConstraint("addr not like '% %' and addr like '%_@_%'", name="addr"),
    CheckConstraint("active in (0, 1)", name="active"),
    UniqueConstraint("recipient_id", "municipality_id"),
    UniqueConstraint("municipality_id", "addr"),
)

message = _table(
    "message",
    Column("message_id", Text, primary_key=True),
    Column("municipality_id", ForeignKey("municipality.municipality_id"), nullable=False),
    Column("sha256", Text, nullable=False),
    Column("rfc822", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    CheckConstraint("message_id like '<%@%>'", name="message_id"),
    CheckConstraint("length(sha256) = 64", name="sha256"),
    UniqueConstraint("message_id", "municipality_id", "sha256"),
)

transition = _table(
    "transition",
    Column("from_state", Text, primary_key=True),
    Column("to_state", Text, primary_key=True),
)

delivery = _table(
    "delivery",
    Column("delivery_id", Text, primary_key=True),
    *_texts("occasion", "mode", "municipality_id", "recipient_id"),
    Column("revision", Integer, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("reason", Text),
    Column("message_id", Text, nullable=False, unique=True),
    Column("payload_sha256", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("0")),
    Column("send_epoch", Integer, nullable=False, server_default=text("1")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("not_before_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("claim_token", Text),
    Column("claimed_by", Text),
    Column("lease_until_ms", BigInteger),
    Column("accepted_via", Text),
    Column("approval_id", Text),
    Column("last_code", Integer),
    Column("last_detail", Text),
    Column("updated_ms", BigInteger, nullable=False),
    # The phase run whose facts the letter tells (its as-of date is the fact's date); null: the
    # letter is to the operator and tells of no run's facts.
    Column("run_id", ForeignKey("phase_run.run_id")),
    # When its run let it go; null: nobody may claim it yet.
    Column("released_ms", BigInteger),
    UniqueConstraint("occasion", "mode", "municipality_id", "recipient_id", "revision"),
    ForeignKeyConstraint(
        ["recipient_id", "municipality_id"],
        ["recipient.recipient_id", "recipient.municipality_id"],
    ),
    ForeignKeyConstraint(
        ["message_id", "municipality_id", "payload_sha256"],
        ["message.message_id", "message.municipality_id", "message.sha256"],
    ),
    CheckConstraint("length(delivery_id) = 64", name="delivery_id"),
    CheckConstraint("mode in ('live', 'redirect', 'dry', 'operator')", name="mode"),
    CheckConstraint(
        "case when mode = 'operator' then municipality_id = 'operator' and run_id is null"
        " else municipality_id <> 'operator' and run_id is not null end",
        name="operator",
    ),
    CheckConstraint("revision >= 1", name="revision"),
    CheckConstraint(
        "state in ('held', 'ready', 'claimed', 'in_doubt', 'unknown', 'retry', 'accepted',"
        " 'rejected', 'exhausted', 'cancelled', 'bounced')",
        name="state",
    ),
    CheckConstraint("(state in ('claimed', 'in_doubt')) = (claim_token is not null)", name="claim"),
    CheckConstraint("(claim_token is null) = (lease_until_ms is null)", name="lease"),
    CheckConstraint("accepted_via in ('reply', 'evidence')", name="accepted_via"),
    CheckConstraint(
        "(state in ('accepted', 'bounced')) = (accepted_via is not null)", name="accepted"
    ),
    CheckConstraint(
        "accepted_via is null or accepted_via = 'evidence'"
        " or (last_code is not null and last_code between 200 and 299)",
        name="accepted_code",
    ),
)
Index(
    "one_live_per_target",
    delivery.c.occasion, delivery.c.mode, delivery.c.municipality_id, delivery.c.recipient_id,
    unique=True,
    sqlite_where=text(f"state in {_UNFINISHED}"),
    postgresql_where=text(f"state in {_UNFINISHED}"),
)  # fmt: skip
Index("delivery_due", delivery.c.state, delivery.c.not_before_ms)

letter_source = _table(  # what a letter was made from, so that it can be made again
    "letter_source",
    Column("delivery_id", ForeignKey("delivery.delivery_id"), primary_key=True),
    Column("plan_sha256", ForeignKey("kept.sha256"), nullable=False),
    Column("templates_sha256", ForeignKey("kept.sha256"), nullable=False),
    Column("report_sha256", ForeignKey("kept.sha256"), nullable=False),
    Column("code_version", Text, nullable=False),  # begins the hash of the kept program
    Column("envelope", Text, nullable=False),  # JSON: what only that sending knew
)

delivery_event = _table(  # append-only
    "delivery_event",
    Column("delivery_id", ForeignKey("delivery.delivery_id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("send_epoch", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("phase", Text),  # of the SMTP dialogue: connect, mail, rcpt, data, body, dot
    Column("code", Integer),
    Column("detail", Text),
    ForeignKeyConstraint(
        ["from_state", "to_state"], ["transition.from_state", "transition.to_state"]
    ),
)
Index(
    "one_arm_per_epoch",
    delivery_event.c.delivery_id, delivery_event.c.send_epoch,
    unique=True,
    sqlite_where=text("to_state = 'in_doubt'"),
    postgresql_where=text("to_state = 'in_doubt'"),
)  # fmt: skip
Index(
    "one_acceptance",
    delivery_event.c.delivery_id,
    unique=True,
    sqlite_where=text("to_state = 'accepted'"),
    postgresql_where=text("to_state = 'accepted'"),
)

approval = _table(
    "approval",
    Column("approval_id", Text, primary_key=True),
    *_texts("occasion", "mode", "batch_sha256", "decision"),
    Column("reason", Text),
    Column("n", Integer, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    CheckConstraint("length(batch_sha256) = 64", name="batch_sha256"),
    CheckConstraint("decision in ('approved', 'rejected')", name="decision"),
    CheckConstraint("n > 0", name="n"),
)

send_fuse = _table(
    "send_fuse",
    Column("scope", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("cap", Integer, nullable=False),
    CheckConstraint("n <= cap", name="cap"),
)

control = _table(  # sending_enabled: the kill switch; incarnation: which database this is
    "control",
    Column("k", Text, primary_key=True),
    Column("v", Text, nullable=False),
)

relay = _table(  # the mail server as we met it: the circuit breaker and the pace of letters
    "relay",
    Column("relay", Text, primary_key=True),  # 'smtp'
    Column("failures", Integer, nullable=False, server_default=text("0")),  # in a row
    Column("open_until_ms", BigInteger),  # nobody claims before; null: the circuit is closed
    Column("reason", Text),  # Russian, for the operator
    Column("next_slot_ms", BigInteger, nullable=False, server_default=text("0")),
    Column("updated_ms", BigInteger, nullable=False),
    Column("looked_ms", BigInteger),  # when somebody looked what is late (ledger.moves.look)
    Column("looked_before_ms", BigInteger),  # the look before, four minutes or more earlier
    CheckConstraint("failures >= 0", name="failures"),
)

paused_occasion = _table(  # its letters are not claimed until the operator says to go on
    "paused_occasion",
    Column("occasion", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("reason", Text, nullable=False),  # Russian, for the operator
    Column("paused_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
)

control_event = _table(  # append-only: who stopped, paused or restarted what, when and why
    "control_event",
    Column("event_id", String(32), primary_key=True),  # random
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("scope", Text, nullable=False),  # 'all', 'smtp' or '2021/march_analysis live'
    Column("reason", Text),
    CheckConstraint(
        "action in ('stop', 'start', 'pause', 'continue', 'open', 'close', 'restored')",
        name="action",
    ),
)

alarm = _table(  # what the operator was told of, so that nobody is told every five minutes
    "alarm",
    Column("alarm_key", Text, primary_key=True),
    Column("sentence", Text, nullable=False),  # Russian, for the operator; no addresses
    Column("since_ms", BigInteger, nullable=False),
    Column("told_ms", BigInteger),
)

run_outcome = _table(  # exactly one row per expected recipient of a run
    "run_outcome",
    Column("run_id", ForeignKey("phase_run.run_id"), primary_key=True),
    Column("municipality_id", Text, primary_key=True),
    Column("recipient_id", Text, primary_key=True),  # '-' where there is no contact
    Column("outcome", Text, nullable=False),  # planned | suppressed | blocked
    Column("reason", Text),  # Russian, for the operator
    Column("delivery_id", ForeignKey("delivery.delivery_id")),
    CheckConstraint("outcome in ('planned', 'suppressed', 'blocked')", name="outcome"),
)

# The only moves a delivery may make (docs/delivery.md §5.3); rows of `transition`.
TRANSITIONS = (
    ("new", "held"), ("new", "ready"), ("held", "ready"),
    ("ready", "claimed"), ("retry", "claimed"),
    ("claimed", "in_doubt"), ("claimed", "retry"), ("claimed", "ready"),
    ("claimed", "rejected"), ("claimed", "exhausted"),
    ("in_doubt", "accepted"), ("in_doubt", "retry"), ("in_doubt", "rejected"),
    ("in_doubt", "exhausted"), ("in_doubt", "unknown"),
    ("unknown", "accepted"), ("unknown", "retry"), ("unknown", "cancelled"),
    ("held", "cancelled"), ("ready", "cancelled"), ("retry", "cancelled"),
    ("exhausted", "cancelled"), ("exhausted", "retry"), ("accepted", "bounced"),
    ("rejected", "retry"),  # a person says that the refusal's cause is mended
    # The database was put back from a copy, or a receipt was found: what waits may have gone (D4).
    ("ready", "unknown"), ("retry", "unknown"),
)  # fmt: skip
