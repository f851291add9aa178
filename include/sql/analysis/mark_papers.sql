-- What did each unit get in each paper that is marked «2» to «5», of one procedure?
-- Inserts one row per paper and participating school, municipality (its participating
-- schools that are not small), `participants` (the same over the region) and region (every
-- school of the region). Sums are of counts, never of percents.
-- What satisfied appeals changed is added before everything else.
-- A school whose paper came both in pupil protocols and in exports is taken from the protocols:
-- their counts were counted, those of exports were restored from percents. School by school: a
-- protocol of one school says nothing of the others.
-- A row whose school stands under a foreign municipality is nobody's (run_foreign_ref).

insert into paper_result (
    run_id, kind, year, wave, grade, subject, level, unit_id, municipality_id,
    schools, small_schools, participants, absent, mark_2, mark_3, mark_4, mark_5,
    compared, lowered, confirmed, raised,
    is_small, is_low, is_journal_small, elsewhere_schools, elsewhere_participants
)
with mark_row as (
    select
        mark_result.grade,
        mark_result.subject,
        run_school_ref.school_id,
        mark_result.participants,
        mark_result.absent,
        mark_result.mark_2,
        mark_result.mark_3,
        mark_result.mark_4,
        mark_result.mark_5,
        case load_batch.dataset when 'vpr_protocols' then 1 else 2 end as source_rank
    from mark_result
    join run_batch
        on run_batch.batch_id = mark_result.batch_id
        and run_batch.run_id = :run_id
    join load_batch on load_batch.batch_id = mark_result.batch_id
    join run_school_ref
        on run_school_ref.run_id = run_batch.run_id
        and run_school_ref.kind = mark_result.kind
        and run_school_ref.year = mark_result.year
        and run_school_ref.wave = mark_result.wave
        and run_school_ref.scheme = mark_result.school_scheme
        and run_school_ref.ref = mark_result.school_ref
    where mark_result.kind = :kind
        and mark_result.year = :year
        and mark_result.wave = :wave
        and mark_result.level = 'school'
        and mark_result.participants > 0
        and not exists (
            select 1
            from run_foreign_ref
            where run_foreign_ref.run_id = run_batch.run_id
                and run_foreign_ref.kind = mark_result.kind
                and run_foreign_ref.year = mark_result.year
                and run_foreign_ref.wave = mark_result.wave
                and run_foreign_ref.scheme = mark_result.school_scheme
                and run_foreign_ref.ref = mark_result.school_ref
                and run_foreign_ref.municipality_ref = mark_result.municipality_ref
        )
),
mark_source as (
    select grade, subject, school_id, min(source_rank) as source_rank
    from mark_row
    group by grade, subject, school_id
),
first_count as (
    select
        mark_row.grade,
        mark_row.subject,
        mark_row.school_id,
        sum(mark_row.participants) as participants,
        sum(mark_row.absent) as absent,
        sum(mark_row.mark_2) as mark_2,
        sum(mark_row.mark_3) as mark_3,
        sum(mark_row.mark_4) as mark_4,
        sum(mark_row.mark_5) as mark_5
    from mark_row
    join mark_source
        on mark_source.grade = mark_row.grade
        and mark_source.subject = mark_row.subject
        and mark_source.school_id = mark_row.school_id
        and mark_source.source_rank = mark_row.source_rank
    group by mark_row.grade, mark_row.subject, mark_row.school_id
),
-- Appeals of ОГЭ: a pupil moves from one mark to another.
appeal_count as (
    select
        appeal_change.grade,
        appeal_change.subject,
        run_school_ref.school_id,
        sum(appeal_change.mark_2) as mark_2,
        sum(appeal_change.mark_3) as mark_3,
        sum(appeal_change.mark_4) as mark_4,
        sum(appeal_change.mark_5) as mark_5
    from appeal_change
    join run_batch
        on run_batch.batch_id = appeal_change.batch_id
        and run_batch.run_id = :run_id
    join run_school_ref
        on run_school_ref.run_id = run_batch.run_id
        and run_school_ref.kind = appeal_change.kind
        and run_school_ref.year = appeal_change.year
        and run_school_ref.wave = appeal_change.wave
        and run_school_ref.scheme = appeal_change.school_scheme
        and run_school_ref.ref = appeal_change.school_ref
    where appeal_change.kind = :kind
        and appeal_change.year = :year
        and appeal_change.wave = :wave
        and not exists (
            select 1
            from run_foreign_ref
            where run_foreign_ref.run_id = run_batch.run_id
                and run_foreign_ref.kind = appeal_change.kind
                and run_foreign_ref.year = appeal_change.year
                and run_foreign_ref.wave = appeal_change.wave
                and run_foreign_ref.scheme = appeal_change.school_scheme
                and run_foreign_ref.ref = appeal_change.school_ref
                and run_foreign_ref.municipality_ref = appeal_change.municipality_ref
        )
    group by appeal_change.grade, appeal_change.subject, run_school_ref.school_id
),
-- Only what fits: a school's changes that would make an impossible result are not added, none
-- of them (a finding says so, findings/appeal_does_not_fit.sql).
fitting_appeal as (
    select
        appeal_count.grade,
        appeal_count.subject,
        appeal_count.school_id,
        appeal_count.mark_2,
        appeal_count.mark_3,
        appeal_count.mark_4,
        appeal_count.mark_5
    from appeal_count
    join first_count
        on first_count.grade = appeal_count.grade
        and first_count.subject = appeal_count.subject
        and first_count.school_id = appeal_count.school_id
    where first_count.mark_2 + appeal_count.mark_2 >= 0
        and first_count.mark_3 + appeal_count.mark_3 >= 0
        and first_count.mark_4 + appeal_count.mark_4 >= 0
        and first_count.mark_5 + appeal_count.mark_5 >= 0
),
mark_count as (
    select
        first_count.grade,
        first_count.subject,
        first_count.school_id,
        first_count.participants,
        first_count.absent,
        first_count.mark_2 + coalesce(fitting_appeal.mark_2, 0) as mark_2,
        first_count.mark_3 + coalesce(fitting_appeal.mark_3, 0) as mark_3,
        first_count.mark_4 + coalesce(fitting_appeal.mark_4, 0) as mark_4,
        first_count.mark_5 + coalesce(fitting_appeal.mark_5, 0) as mark_5
    from first_count
    left join fitting_appeal
        on fitting_appeal.grade = first_count.grade
        and fitting_appeal.subject = first_count.subject
        and fitting_appeal.school_id = first_count.school_id
),
journal_row as (
    select
        journal_result.grade,
        journal_result.subject,
        run_school_ref.school_id,
        journal_result.compared,
        journal_result.lowered,
        journal_result.confirmed,
        journal_result.raised,
        case load_batch.dataset when 'vpr_protocols' then 1 else 2 end as source_rank
    from journal_result
    join run_batch
        on run_batch.batch_id = journal_result.batch_id
        and run_batch.run_id = :run_id
    join load_batch on load_batch.batch_id = journal_result.batch_id
    join run_school_ref
        on run_school_ref.run_id = run_batch.run_id
        and run_school_ref.kind = journal_result.kind
        and run_school_ref.year = journal_result.year
        and run_school_ref.wave = journal_result.wave
        and run_school_ref.scheme = journal_result.school_scheme
        and run_school_ref.ref = journal_result.school_ref
    where journal_result.kind = :kind
        and journal_result.year = :year
        and journal_result.wave = :wave
        and journal_result.level = 'school'
        and journal_result.compared > 0
        and not exists (
            select 1
            from run_foreign_ref
            where run_foreign_ref.run_id = run_batch.run_id
                and run_foreign_ref.kind = journal_result.kind
                and run_foreign_ref.year = journal_result.year
                and run_foreign_ref.wave = journal_result.wave
                and run_foreign_ref.scheme = journal_result.school_scheme
                and run_foreign_ref.ref = journal_result.school_ref
                and run_foreign_ref.municipality_ref = journal_result.municipality_ref
        )
),
journal_source as (
    select grade, subject, school_id, min(source_rank) as source_rank
    from journal_row
    group by grade, subject, school_id
),
journal_count as (
    select
        journal_row.grade,
        journal_row.subject,
        journal_row.school_id,
        sum(journal_row.compared) as compared,
        sum(journal_row.lowered) as lowered,
        sum(journal_row.confirmed) as confirmed,
        sum(journal_row.raised) as raised
    from journal_row
    join journal_source
        on journal_source.grade = journal_row.grade
        and journal_source.subject = journal_row.subject
        and journal_source.school_id = journal_row.school_id
        and journal_source.source_rank = journal_row.source_rank
    group by journal_row.grade, journal_row.subject, journal_row.school_id
),
school_paper as (
    select
        mark_count.grade,
        mark_count.subject,
        mark_count.school_id,
        run_school.municipality_id,
        run_school.is_participating,
        mark_count.participants,
        mark_count.absent,
        mark_count.mark_2,
        mark_count.mark_3,
        mark_count.mark_4,
        mark_count.mark_5,
        journal_count.compared,
        journal_count.lowered,
        journal_count.confirmed,
        journal_count.raised,
        case when mark_count.participants < :least_participants then 1 else 0 end as is_small,
        case
            when journal_count.compared is null then null
            when journal_count.compared < :least_participants then 1
            else 0
        end as is_journal_small
    from mark_count
    join run_school
        on run_school.run_id = :run_id
        and run_school.school_id = mark_count.school_id
    left join journal_count
        on journal_count.grade = mark_count.grade
        and journal_count.subject = mark_count.subject
        and journal_count.school_id = mark_count.school_id
),
region_paper as (
    select
        grade,
        subject,
        count(*) as schools,
        sum(participants) as participants,
        case when count(absent) = count(*) then sum(absent) end as absent,
        sum(mark_2) as mark_2,
        sum(mark_3) as mark_3,
        sum(mark_4) as mark_4,
        sum(mark_5) as mark_5,
        sum(compared) as compared,
        sum(lowered) as lowered,
        sum(confirmed) as confirmed,
        sum(raised) as raised
    from school_paper
    group by grade, subject
),
-- Participating schools that are not small; with the journal where that is not small either.
shown_paper as (
    select
        grade,
        subject,
        municipality_id,
        1 - is_small as shown,
        is_small,
        case when is_small = 0 then participants else 0 end as participants,
        case when is_small = 0 then absent end as absent,
        case when is_small = 0 then mark_2 end as mark_2,
        case when is_small = 0 then mark_3 end as mark_3,
        case when is_small = 0 then mark_4 end as mark_4,
        case when is_small = 0 then mark_5 end as mark_5,
        case when is_small = 0 and is_journal_small = 0 then compared end as compared,
        case when is_small = 0 and is_journal_small = 0 then lowered end as lowered,
        case when is_small = 0 and is_journal_small = 0 then confirmed end as confirmed,
        case when is_small = 0 and is_journal_small = 0 then raised end as raised
    from school_paper
    where is_participating = 1
),
municipality_own as (
    select grade, subject, municipality_id, count(*) as schools, sum(participants) as participants
    from school_paper
    group by grade, subject, municipality_id
)
select
    :run_id, :kind, :year, :wave, grade, subject, 'school', school_id, municipality_id,
    1, 0, participants, absent, mark_2, mark_3, mark_4, mark_5,
    compared, lowered, confirmed, raised,
    is_small,
    case
        when is_small = 1 then null
        when 100 * mark_2 * :threshold_denominator >= :threshold_numerator * participants then 1
        else 0
    end,
    is_journal_small, cast(null as integer), cast(null as integer)
from school_paper
where is_participating = 1

union all

select
    :run_id, :kind, :year, :wave, shown_paper.grade, shown_paper.subject,
    'municipality', shown_paper.municipality_id, shown_paper.municipality_id,
    sum(shown_paper.shown), sum(shown_paper.is_small), sum(shown_paper.participants),
    case
        when count(shown_paper.absent) = sum(shown_paper.shown) then sum(shown_paper.absent)
    end,
    sum(shown_paper.mark_2), sum(shown_paper.mark_3),
    sum(shown_paper.mark_4), sum(shown_paper.mark_5),
    sum(shown_paper.compared), sum(shown_paper.lowered),
    sum(shown_paper.confirmed), sum(shown_paper.raised),
    0, cast(null as integer), cast(null as integer),
    min(region_paper.schools) - min(municipality_own.schools),
    min(region_paper.participants) - min(municipality_own.participants)
from shown_paper
join region_paper
    on region_paper.grade = shown_paper.grade
    and region_paper.subject = shown_paper.subject
join municipality_own
    on municipality_own.grade = shown_paper.grade
    and municipality_own.subject = shown_paper.subject
    and municipality_own.municipality_id = shown_paper.municipality_id
group by shown_paper.grade, shown_paper.subject, shown_paper.municipality_id

union all

select
    :run_id, :kind, :year, :wave, grade, subject, 'participants', 'region', 'region',
    sum(shown), sum(is_small), sum(participants),
    case when count(absent) = sum(shown) then sum(absent) end,
    sum(mark_2), sum(mark_3), sum(mark_4), sum(mark_5),
    sum(compared), sum(lowered), sum(confirmed), sum(raised),
    0, cast(null as integer), cast(null as integer),
    cast(null as integer), cast(null as integer)
from shown_paper
group by grade, subject

union all

select
    :run_id, :kind, :year, :wave, grade, subject, 'region', 'region', 'region',
    schools, 0, participants, absent, mark_2, mark_3, mark_4, mark_5,
    compared, lowered, confirmed, raised,
    case when participants < :least_participants then 1 else 0 end,
    cast(null as integer), cast(null as integer),
    cast(null as integer), cast(null as integer)
from region_paper
