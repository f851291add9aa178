-- Which runs have letters that they have not let go, since when, and what time was it at the
-- earlier of two looks?
select
    phase_run.run_id,
    phase_run.phase,
    phase_run.requested_by,
    max(delivery.updated_ms) as planned_ms,
    (select looked_before_ms from relay where looked_ms <= :now_ms) as looked_before_ms
from delivery
join phase_run on phase_run.run_id = delivery.run_id
where delivery.released_ms is null
    and delivery.state in ('held', 'ready', 'retry')
group by phase_run.run_id, phase_run.phase, phase_run.requested_by
order by phase_run.run_id
