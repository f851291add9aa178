-- Under which municipality, login, code and name did each school of the run stand, and when?
-- One row per line of the registry that has begun by the as-of date.
select
    school.school_id,
    school.municipality_id,
    school.name,
    school.vpr_login,
    school.gia_code,
    school.valid_from,
    school.valid_to
from school
join run_batch
    on run_batch.batch_id = school.batch_id
    and run_batch.run_id = :run_id
join run_school
    on run_school.run_id = run_batch.run_id
    and run_school.school_id = school.school_id
where school.valid_from <= :as_of
