-- Which rows of results stand under a municipality that is not the school's by the registry?
-- The finding is the owner's: it is the owner's school that has no figures from this row.
select
    result.school_scheme as scheme,
    result.school_ref as ref,
    min(named.municipality_id) as named_id,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    min(result.sheet) as sheet,
    min(result.row) as row,
    min(run_school.municipality_id) as municipality_id
from (
    select
        batch_id, sheet, row, kind, year, wave, school_scheme, school_ref, municipality_ref
    from mark_result
    where level = 'school'
    union all
    select
        batch_id, sheet, row, kind, year, wave, school_scheme, school_ref, municipality_ref
    from journal_result
    where level = 'school'
    union all
    select
        batch_id, sheet, row, kind, year, wave, school_scheme, school_ref, municipality_ref
    from exam_result
    union all
    select
        batch_id, sheet, row, kind, year, wave, school_scheme, school_ref, municipality_ref
    from appeal_change
) result
join run_batch
    on run_batch.batch_id = result.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = result.batch_id
join run_foreign_ref
    on run_foreign_ref.run_id = run_batch.run_id
    and run_foreign_ref.kind = result.kind
    and run_foreign_ref.year = result.year
    and run_foreign_ref.wave = result.wave
    and run_foreign_ref.scheme = result.school_scheme
    and run_foreign_ref.ref = result.school_ref
    and run_foreign_ref.municipality_ref = result.municipality_ref
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
left join run_municipality_ref named
    on named.run_id = run_batch.run_id
    and named.kind = result.kind
    and named.year = result.year
    and named.wave = result.wave
    and named.ref = result.municipality_ref
group by
    result.school_scheme, result.school_ref, result.municipality_ref,
    load_batch.batch_id, load_batch.dataset, load_batch.file_name
order by load_batch.dataset, load_batch.file_name, min(result.row), result.school_ref
