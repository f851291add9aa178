-- Under which names have the runs of a plan's year known their addressees?
select distinct
    run_municipality.municipality_id,
    run_municipality.name,
    run_municipality.short_name
from run_municipality
join phase_run on phase_run.run_id = run_municipality.run_id
where phase_run.plan_code = :plan_code
order by run_municipality.municipality_id, run_municipality.name, run_municipality.short_name
