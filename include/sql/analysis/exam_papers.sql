-- What did each unit get in each subject of one exam with test scores (ЕГЭ)?
-- Inserts one row per subject and participating school, municipality (its participating
-- schools that are not small), `participants` (the same over the region) and region (every
-- school of the region). Low is who scored below the minimum of that year and subject.
-- What satisfied appeals changed is added before everything else.
-- A row whose school stands under a foreign municipality is nobody's (run_foreign_ref).

insert into paper_result (
    run_id, kind, year, wave, grade, subject, level, unit_id, municipality_id,
    schools, small_schools, participants, below_minimum, minimum, score_sum, high_scores,
    is_small, is_low, elsewhere_schools, elsewhere_participants
)
with exam_count as (
    select
        exam_result.grade,
        exam_result.subject,
        run_school_ref.school_id,
        sum(exam_result.participants) as participants,
        sum(exam_result.below_minimum) as below_minimum,
        max(exam_result.minimum) as minimum,
        sum(exam_result.score_sum) as score_sum,
        sum(exam_result.high_scores) as high_scores
    from exam_result
    join run_batch
        on run_batch.batch_id = exam_result.batch_id
        and run_batch.run_id = :run_id
    join run_school_ref
        on run_school_ref.run_id = run_batch.run_id
        and run_school_ref.kind = exam_result.kind
        and run_school_ref.year = exam_result.year
        and run_school_ref.wave = exam_result.wave
        and run_school_ref.scheme = exam_result.school_scheme
        and run_school_ref.ref = exam_result.school_ref
    where exam_result.kind = :kind
        and exam_result.year = :year
        and exam_result.wave = :wave
        and exam_result.participants > 0
        and not exists (
            select 1
            from run_foreign_ref
            where run_foreign_ref.run_id = run_batch.run_id
                and run_foreign_ref.kind = exam_result.kind
                and run_foreign_ref.year = exam_result.year
                and run_foreign_ref.wave = exam_result.wave
                and run_foreign_ref.scheme = exam_result.school_scheme
                and run_foreign_ref.ref = exam_result.school_ref
                and run_foreign_ref.municipality_ref = exam_result.municipality_ref
        )
    group by exam_result.grade, exam_result.subject, run_school_ref.school_id
),
appeal_count as (
    select
        appeal_change.grade,
        appeal_change.subject,
        run_school_ref.school_id,
        sum(appeal_change.below_minimum) as below_minimum,
        sum(appeal_change.score_sum) as score_sum,
        sum(appeal_change.high_scores) as high_scores
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
        appeal_count.below_minimum,
        appeal_count.score_sum,
        appeal_count.high_scores
    from appeal_count
    join exam_count
        on exam_count.grade = appeal_count.grade
        and exam_count.subject = appeal_count.subject
        and exam_count.school_id = appeal_count.school_id
    where exam_count.below_minimum + appeal_count.below_minimum >= 0
        and exam_count.high_scores + appeal_count.high_scores >= 0
        and exam_count.below_minimum + appeal_count.below_minimum
            + exam_count.high_scores + appeal_count.high_scores <= exam_count.participants
        and exam_count.score_sum + appeal_count.score_sum
            between 0 and 100 * exam_count.participants
),
school_paper as (
    select
        exam_count.grade,
        exam_count.subject,
        exam_count.school_id,
        run_school.municipality_id,
        run_school.is_participating,
        exam_count.participants,
        exam_count.below_minimum + coalesce(fitting_appeal.below_minimum, 0) as below_minimum,
        exam_count.minimum,
        exam_count.score_sum + coalesce(fitting_appeal.score_sum, 0) as score_sum,
        exam_count.high_scores + coalesce(fitting_appeal.high_scores, 0) as high_scores,
        case when exam_count.participants < :least_participants then 1 else 0 end as is_small
    from exam_count
    join run_school
        on run_school.run_id = :run_id
        and run_school.school_id = exam_count.school_id
    left join fitting_appeal
        on fitting_appeal.grade = exam_count.grade
        and fitting_appeal.subject = exam_count.subject
        and fitting_appeal.school_id = exam_count.school_id
),
region_paper as (
    select
        grade,
        subject,
        count(*) as schools,
        sum(participants) as participants,
        sum(below_minimum) as below_minimum,
        max(minimum) as minimum,
        sum(score_sum) as score_sum,
        sum(high_scores) as high_scores
    from school_paper
    group by grade, subject
),
shown_paper as (
    select
        grade,
        subject,
        municipality_id,
        minimum,
        1 - is_small as shown,
        is_small,
        case when is_small = 0 then participants else 0 end as participants,
        case when is_small = 0 then below_minimum end as below_minimum,
        case when is_small = 0 then score_sum end as score_sum,
        case when is_small = 0 then high_scores end as high_scores
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
    1, 0, participants, below_minimum, minimum, score_sum, high_scores,
    is_small,
    case
        when is_small = 1 then null
        when 100 * below_minimum * :threshold_denominator
            >= :threshold_numerator * participants then 1
        else 0
    end,
    cast(null as integer), cast(null as integer)
from school_paper
where is_participating = 1

union all

select
    :run_id, :kind, :year, :wave, shown_paper.grade, shown_paper.subject,
    'municipality', shown_paper.municipality_id, shown_paper.municipality_id,
    sum(shown_paper.shown), sum(shown_paper.is_small), sum(shown_paper.participants),
    sum(shown_paper.below_minimum), max(shown_paper.minimum),
    sum(shown_paper.score_sum), sum(shown_paper.high_scores),
    0, cast(null as integer),
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
    sum(below_minimum), max(minimum), sum(score_sum), sum(high_scores),
    0, cast(null as integer), cast(null as integer), cast(null as integer)
from shown_paper
group by grade, subject

union all

select
    :run_id, :kind, :year, :wave, grade, subject, 'region', 'region', 'region',
    schools, 0, participants, below_minimum, minimum, score_sum, high_scores,
    case when participants < :least_participants then 1 else 0 end,
    cast(null as integer), cast(null as integer), cast(null as integer)
from region_paper
