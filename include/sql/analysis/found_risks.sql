-- Which risks have the project's schools taken into work, as this run knows it?
-- Inserts a row per risk, by each school's last assessment up to the as-of date, and one row that
-- names nothing where schools were assessed and took a risk not into work.

insert into run_deficit (run_id, subject, grade, factor)
with assessed as (
    select
        run_batch.run_id,
        risk.factor,
        risk.is_activated,
        row_number() over (
            partition by risk.school_id, risk.factor
            order by risk.assessed_on desc
        ) as place
    from risk
    join run_batch
        on run_batch.batch_id = risk.batch_id
        and run_batch.run_id = :run_id
    join phase_run on phase_run.run_id = run_batch.run_id
    join run_school
        on run_school.run_id = run_batch.run_id
        and run_school.school_id = risk.school_id
        and run_school.is_participating = 1
    where risk.assessed_on <= phase_run.as_of
)
select distinct
    run_id,
    cast(null as varchar),
    cast(null as integer),
    case when is_activated = 1 then factor end
from assessed
where place = 1
