-- Which runs have letters that they have not let go, and since when?
select
    phase_run.run_id,
    phase_run.phase,
    phase_run.requested_by,
    max(delivery.updated_ms) as planned_ms
from delivery
join phase_run on phase_run.run_id = delivery.run_id
where delivery.released_ms is null
    and delivery.state in ('held', 'ready', 'retry')
group by phase_run.run_id, phase_run.phase, phase_run.requested_by
order by phase_run.run_id
