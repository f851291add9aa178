-- Which municipalities have schools in the project on the as-of date, but no name in the registry?
select distinct school.municipality_id
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
order by school.municipality_id
