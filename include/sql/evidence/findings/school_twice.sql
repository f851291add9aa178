-- Which schools stand in one file of results under two codes or logins, so that both rows count?
select
    run_school.municipality_id,
    run_school.name,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    min(result.sheet) as sheet,
    max(result.row) as row
from (
    select batch_id, sheet, row, kind, year, wave, school_scheme, school_ref
    from mark_result
    where level = 'school'
    union all
    select batch_id, sheet, row, kind, year, wave, school_scheme, school_ref
    from exam_result
) result
join run_batch
    on run_batch.batch_id = result.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = result.batch_id
join run_school_ref
    on run_school_ref.run_id = run_batch.run_id
    and run_school_ref.kind = result.kind
    and run_school_ref.year = result.year
    and run_school_ref.wave = result.wave
    and run_school_ref.scheme = result.school_scheme
    and run_school_ref.ref = result.school_ref
join run_school
    on run_school.run_id = run_batch.run_id
    and run_school.school_id = run_school_ref.school_id
group by
    run_school.school_id, run_school.municipality_id, run_school.name,
    load_batch.batch_id, load_batch.dataset, load_batch.file_name
having count(*) > 1
order by load_batch.dataset, load_batch.file_name, run_school.school_id
