-- Which municipalities in the evidence does the registry not know, by name or by code?
-- In results names and codes are those of the procedure's day (run_municipality_ref); elsewhere
-- the code must be that of a municipality that exists on the as-of date. Contacts have a rule of
-- their own.
select
    named.ref as municipality_ref,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    min(named.sheet) as sheet,
    min(named.row) as row,
    count(*) as rows
from (
    select batch_id, sheet, row, kind, year, wave, municipality_ref as ref, 1 as is_name
    from mark_result
    where municipality_ref is not null and level in ('municipality', 'school')
    union all
    select batch_id, sheet, row, kind, year, wave, municipality_ref, 1
    from journal_result
    where municipality_ref is not null and level in ('municipality', 'school')
    union all
    select batch_id, sheet, row, kind, year, wave, municipality_ref, 1
    from exam_result
    where municipality_ref is not null
    union all
    select batch_id, sheet, row, kind, year, wave, municipality_ref, 1
    from appeal_change
    where municipality_ref is not null
    union all
    select batch_id, sheet, row, null, null, null, municipality_id, 0
    from school
    where valid_from <= :as_of and (valid_to is null or valid_to >= :as_of)
    union all
    select batch_id, sheet, row, null, null, null, municipality_id, 0
    from person_role
    where valid_from <= :as_of and (valid_to is null or valid_to >= :as_of)
    union all
    select batch_id, sheet, row, null, null, null, municipality_id, 0
    from municipal_act
    union all
    select batch_id, sheet, row, null, null, null, municipality_id, 0
    from mechanism_score
) named
join run_batch
    on run_batch.batch_id = named.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = named.batch_id
where (
    named.is_name = 1
    and not exists (
        select 1
        from run_municipality_ref
        where run_municipality_ref.run_id = :run_id
            and run_municipality_ref.kind = named.kind
            and run_municipality_ref.year = named.year
            and run_municipality_ref.wave = named.wave
            and run_municipality_ref.ref = named.ref
    )
) or (
    named.is_name = 0
    and not exists (
        select 1
        from run_municipality
        where run_municipality.run_id = :run_id
            and run_municipality.municipality_id = named.ref
    )
)
group by named.ref, load_batch.batch_id, load_batch.dataset, load_batch.file_name
order by load_batch.dataset, load_batch.file_name, named.ref
