-- Which municipalities with schools in the project have no coordinator on the as-of date?
select run_municipality.municipality_id, run_municipality.name
from run_municipality
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and exists (
        select 1
        from run_school
        where run_school.run_id = :run_id
            and run_school.municipality_id = run_municipality.municipality_id
            and run_school.is_participating = 1
    )
    -- A phase that reads no registry of people knows nobody, and says nothing of it.
    and exists (
        select 1
        from run_batch
        join load_batch on load_batch.batch_id = run_batch.batch_id
        where run_batch.run_id = :run_id
            and load_batch.dataset = 'registry_people'
    )
    and not exists (
        select 1
        from person_role
        join run_batch
            on run_batch.batch_id = person_role.batch_id
            and run_batch.run_id = :run_id
        where person_role.role = 'coordinator'
            and person_role.municipality_id = run_municipality.municipality_id
            and person_role.valid_from <= :as_of
            and (person_role.valid_to is null or person_role.valid_to >= :as_of)
    )
order by run_municipality.municipality_id
