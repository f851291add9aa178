-- By which names, logins and codes does the run's registry know every school, and whose is it?
-- All dated names count: a letter may not tell a foreign school's former name either.
select distinct
    school.school_id,
    coalesce(run_school.municipality_id, school.municipality_id) as municipality_id,
    school.name,
    school.vpr_login,
    school.gia_code
from run_batch
join school
    on school.batch_id = run_batch.batch_id
left join run_school
    on run_school.run_id = run_batch.run_id
    and run_school.school_id = school.school_id
where run_batch.run_id = :run_id
order by school.school_id, school.name
