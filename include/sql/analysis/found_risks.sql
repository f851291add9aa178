-- Which risks have the project's schools taken into work, as this run knows it?
-- Inserts a row per risk, and one row that names nothing where schools were assessed and took a
-- risk not into work.

insert into run_deficit (run_id, subject, grade, factor)
select distinct
    run_risk.run_id,
    cast(null as varchar),
    cast(null as integer),
    case when run_risk.is_activated = 1 then run_risk.factor end
from run_risk
join run_school
    on run_school.run_id = run_risk.run_id
    and run_school.school_id = run_risk.school_id
    and run_school.is_participating = 1
where run_risk.run_id = :run_id
