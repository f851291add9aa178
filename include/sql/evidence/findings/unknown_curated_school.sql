-- Which curators are assigned to a school that the registry does not know on the as-of date?
select
    person_role.school_id as ref,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    person_role.sheet,
    person_role.row
from person_role
join run_batch
    on run_batch.batch_id = person_role.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = person_role.batch_id
where person_role.role = 'curator'
    and person_role.valid_from <= :as_of
    and (person_role.valid_to is null or person_role.valid_to >= :as_of)
    and not exists (
        select 1
        from run_school
        where run_school.run_id = :run_id
            and run_school.school_id = person_role.school_id
    )
order by person_role.row
