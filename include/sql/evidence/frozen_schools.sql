-- Which schools does the region have on the as-of date, whose are they, which take part?
-- A school under a municipality that the registry does not know is left out, and told.
insert into run_school (run_id, school_id, municipality_id, name, is_participating)
select
    run_batch.run_id,
    valid.school_id,
    valid.municipality_id,
    valid.name,
    case
        when valid.project_from <= :as_of
            and (valid.project_to is null or valid.project_to >= :as_of) then 1
        else 0
    end
from (
    select
        school.*,
        row_number() over (
            partition by school.batch_id, school.school_id
            order by school.valid_from desc
        ) as newest
    from school
    where school.valid_from <= :as_of
        and (school.valid_to is null or school.valid_to >= :as_of)
) valid
join run_batch
    on run_batch.batch_id = valid.batch_id
    and run_batch.run_id = :run_id
join run_municipality
    on run_municipality.run_id = run_batch.run_id
    and run_municipality.municipality_id = valid.municipality_id
where valid.newest = 1
