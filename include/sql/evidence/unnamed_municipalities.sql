-- Which addressees have no name in the registry on the as-of date? Municipalities with schools in
-- the project; where the plan writes to all, also those that have an address.
select school.municipality_id
from school
join run_batch
    on run_batch.batch_id = school.batch_id
    and run_batch.run_id = :run_id
where school.valid_from <= :as_of
    and (school.valid_to is null or school.valid_to >= :as_of)
    and school.project_from <= :as_of
    and (school.project_to is null or school.project_to >= :as_of)
    and not exists (
        select 1
        from run_municipality
        where run_municipality.run_id = run_batch.run_id
            and run_municipality.municipality_id = school.municipality_id
    )
union
select contact.municipality_id
from contact
join run_batch
    on run_batch.batch_id = contact.batch_id
    and run_batch.run_id = :run_id
where :addressees = 'all'
    and contact.municipality_id <> 'region'
    and contact.valid_from <= :as_of
    and (contact.valid_to is null or contact.valid_to >= :as_of)
    and not exists (
        select 1
        from run_municipality
        where run_municipality.run_id = run_batch.run_id
            and run_municipality.municipality_id = contact.municipality_id
    )
order by municipality_id
