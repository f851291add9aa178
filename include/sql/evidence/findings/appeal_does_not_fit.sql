-- Which schools' appeals can't be added to their results?
-- Because no result of the school in that exam has come, or because the sum would be impossible
-- (fewer than none with a mark, more below the minimum and with 81-100 than took part). The
-- results then stay as they were: the conditions are those of analysis/exam_papers.sql and
-- analysis/mark_papers.sql.
with result as (
    select
        exam_result.kind, exam_result.year, exam_result.wave, exam_result.grade,
        exam_result.subject, exam_result.batch_id,
        exam_result.school_scheme, exam_result.school_ref, exam_result.municipality_ref,
        exam_result.participants,
        0 as mark_2, 0 as mark_3, 0 as mark_4, 0 as mark_5,
        exam_result.below_minimum, exam_result.score_sum, exam_result.high_scores
    from exam_result
    where exam_result.participants > 0
    union all
    select
        mark_result.kind, mark_result.year, mark_result.wave, mark_result.grade,
        mark_result.subject, mark_result.batch_id,
        mark_result.school_scheme, mark_result.school_ref, mark_result.municipality_ref,
        mark_result.participants,
        mark_result.mark_2, mark_result.mark_3, mark_result.mark_4, mark_result.mark_5,
        0, 0, 0
    from mark_result
    where mark_result.level = 'school' and mark_result.kind = 'oge' and mark_result.participants > 0
),
result_count as (
    select
        result.kind, result.year, result.wave, result.grade, result.subject,
        run_school_ref.school_id,
        sum(result.participants) as participants,
        sum(result.mark_2) as mark_2,
        sum(result.mark_3) as mark_3,
        sum(result.mark_4) as mark_4,
        sum(result.mark_5) as mark_5,
        sum(result.below_minimum) as below_minimum,
        sum(result.score_sum) as score_sum,
        sum(result.high_scores) as high_scores
    from result
    join run_batch on run_batch.batch_id = result.batch_id and run_batch.run_id = :run_id
    join run_school_ref
        on run_school_ref.run_id = run_batch.run_id
        and run_school_ref.kind = result.kind
        and run_school_ref.year = result.year
        and run_school_ref.wave = result.wave
        and run_school_ref.scheme = result.school_scheme
        and run_school_ref.ref = result.school_ref
    where not exists (
        select 1
        from run_foreign_ref
        where run_foreign_ref.run_id = run_batch.run_id
            and run_foreign_ref.kind = result.kind
            and run_foreign_ref.year = result.year
            and run_foreign_ref.wave = result.wave
            and run_foreign_ref.scheme = result.school_scheme
            and run_foreign_ref.ref = result.school_ref
            and run_foreign_ref.municipality_ref = result.municipality_ref
    )
    group by
        result.kind, result.year, result.wave, result.grade, result.subject,
        run_school_ref.school_id
),
appeal_count as (
    select
        appeal_change.kind, appeal_change.year, appeal_change.wave, appeal_change.grade,
        appeal_change.subject,
        run_school_ref.school_id,
        min(load_batch.batch_id) as batch_id,
        min(load_batch.dataset) as dataset,
        min(load_batch.file_name) as file_name,
        min(appeal_change.sheet) as sheet,
        sum(appeal_change.appeals) as appeals,
        sum(appeal_change.mark_2) as mark_2,
        sum(appeal_change.mark_3) as mark_3,
        sum(appeal_change.mark_4) as mark_4,
        sum(appeal_change.mark_5) as mark_5,
        sum(appeal_change.below_minimum) as below_minimum,
        sum(appeal_change.score_sum) as score_sum,
        sum(appeal_change.high_scores) as high_scores
    from appeal_change
    join run_batch on run_batch.batch_id = appeal_change.batch_id and run_batch.run_id = :run_id
    join load_batch on load_batch.batch_id = appeal_change.batch_id
    join run_school_ref
        on run_school_ref.run_id = run_batch.run_id
        and run_school_ref.kind = appeal_change.kind
        and run_school_ref.year = appeal_change.year
        and run_school_ref.wave = appeal_change.wave
        and run_school_ref.scheme = appeal_change.school_scheme
        and run_school_ref.ref = appeal_change.school_ref
    where not exists (
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
    group by
        appeal_change.kind, appeal_change.year, appeal_change.wave, appeal_change.grade,
        appeal_change.subject, run_school_ref.school_id
)
select
    run_school.municipality_id,
    run_school.name,
    appeal_count.subject,
    appeal_count.appeals,
    case
        when result_count.school_id is null then 'APPEAL_WITHOUT_RESULT'
        else 'APPEAL_DOES_NOT_FIT'
    end as rule,
    appeal_count.batch_id,
    appeal_count.dataset,
    appeal_count.file_name,
    appeal_count.sheet
from appeal_count
join run_school
    on run_school.run_id = :run_id
    and run_school.school_id = appeal_count.school_id
left join result_count
    on result_count.kind = appeal_count.kind
    and result_count.year = appeal_count.year
    and result_count.wave = appeal_count.wave
    and result_count.grade = appeal_count.grade
    and result_count.subject = appeal_count.subject
    and result_count.school_id = appeal_count.school_id
where result_count.school_id is null
    or result_count.mark_2 + appeal_count.mark_2 < 0
    or result_count.mark_3 + appeal_count.mark_3 < 0
    or result_count.mark_4 + appeal_count.mark_4 < 0
    or result_count.mark_5 + appeal_count.mark_5 < 0
    or result_count.below_minimum + appeal_count.below_minimum < 0
    or result_count.high_scores + appeal_count.high_scores < 0
    or result_count.below_minimum + appeal_count.below_minimum
        + result_count.high_scores + appeal_count.high_scores > result_count.participants
    or result_count.score_sum + appeal_count.score_sum < 0
    or result_count.score_sum + appeal_count.score_sum > 100 * result_count.participants
order by appeal_count.file_name, appeal_count.subject, appeal_count.school_id
