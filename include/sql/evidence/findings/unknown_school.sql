-- Which schools in the results does the frozen registry not know on the as-of date?
-- Where it did know the code once the school left, or has no municipality.
select
    result.school_scheme as scheme,
    result.school_ref as ref,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    min(result.sheet) as sheet,
    min(result.row) as row,
    min(owner.municipality_id) as municipality_id,
    case max(case when exists (
        select 1
        from school
        join run_batch school_batch
            on school_batch.batch_id = school.batch_id
            and school_batch.run_id = :run_id
        where (result.school_scheme = 'vpr_login' and school.vpr_login = result.school_ref)
            or (result.school_scheme = 'gia_code' and school.gia_code = result.school_ref)
    ) then 1 else 0 end) when 1 then 'SCHOOL_LEFT' else 'UNKNOWN_SCHOOL' end as rule
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
left join run_municipality_ref owner
    on owner.run_id = run_batch.run_id
    and owner.kind = result.kind
    and owner.year = result.year
    and owner.wave = result.wave
    and owner.ref = result.municipality_ref
where not exists (
    select 1
    from run_school_ref
    where run_school_ref.run_id = :run_id
        and run_school_ref.kind = result.kind
        and run_school_ref.year = result.year
        and run_school_ref.wave = result.wave
        and run_school_ref.scheme = result.school_scheme
        and run_school_ref.ref = result.school_ref
)
group by
    result.school_scheme, result.school_ref,
    load_batch.batch_id, load_batch.dataset, load_batch.file_name
order by load_batch.dataset, load_batch.file_name, min(result.row), result.school_ref
