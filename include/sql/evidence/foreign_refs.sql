-- Which pairs of school and municipality in the results does the registry contradict?
insert into run_foreign_ref (run_id, scheme, ref, municipality_ref)
select distinct
    run_batch.run_id,
    result.school_scheme,
    result.school_ref,
    result.municipality_ref
from (
    select batch_id, school_scheme, school_ref, municipality_ref
    from mark_result
    where level = 'school'
    union
    select batch_id, school_scheme, school_ref, municipality_ref
    from journal_result
    where level = 'school'
    union
    select batch_id, school_scheme, school_ref, municipality_ref
    from exam_result
    union
    select batch_id, school_scheme, school_ref, municipality_ref
    from appeal_change
) result
join run_batch
    on run_batch.batch_id = result.batch_id
    and run_batch.run_id = :run_id
join run_school_ref
    on run_school_ref.run_id = run_batch.run_id
    and run_school_ref.scheme = result.school_scheme
    and run_school_ref.ref = result.school_ref
join run_school
    on run_school.run_id = run_batch.run_id
    and run_school.school_id = run_school_ref.school_id
join municipality_alias
    on municipality_alias.alias = result.municipality_ref
join run_batch alias_batch
    on alias_batch.batch_id = municipality_alias.batch_id
    and alias_batch.run_id = run_batch.run_id
where municipality_alias.municipality_id <> run_school.municipality_id
