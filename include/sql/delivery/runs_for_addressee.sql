-- Which runs of one phase of a plan's year were there, how far did each come, and what was one
-- addressee in it? Newest first; an addressee whom the run does not know has no name.
select
    phase_run.run_id,
    phase_run.mode,
    phase_run.as_of,
    phase_run.known_at_ms,
    phase_run.started_ms,
    phase_run.reason,
    phase_run.sample,
    addressee.name,
    coalesce(addressee.is_participating, 0) as is_participating,
    coalesce(addressee.is_selected, 0) as is_selected,
    (select count(*) from report where report.run_id = phase_run.run_id) as reports,
    exists (
        select 1
        from report
        where report.run_id = phase_run.run_id
            and report.municipality_id = :municipality_id
    ) as has_report,
    exists (
        select 1
        from run_outcome
        where run_outcome.run_id = phase_run.run_id
            and run_outcome.municipality_id = :municipality_id
    ) as has_outcome,
    (
        select count(*)
        from run_school
        where run_school.run_id = phase_run.run_id
            and run_school.municipality_id = :municipality_id
            and run_school.is_participating = 1
    ) as schools
from phase_run
left join run_municipality as addressee
    on addressee.run_id = phase_run.run_id
    and addressee.municipality_id = :municipality_id
where phase_run.plan_code = :plan_code
    and phase_run.phase = :phase
order by phase_run.started_ms desc, phase_run.run_id
