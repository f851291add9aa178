-- Of which earlier runs may this addressee hold a letter, beside that of this run?
-- One row per run, the oldest first. A letter counts once it is planned, for it may leave at any
-- moment; not one that certainly never reached anybody, and not one that waits for approval in
-- the run's own occasion, for the run's letter will replace it. Rehearsals reach nobody.

select phase_run.run_id
from phase_run
join phase_run as this_run on this_run.run_id = :run_id
where (
    phase_run.started_ms < this_run.started_ms
    or (
        phase_run.started_ms = this_run.started_ms
        and phase_run.run_id < this_run.run_id
    )
)
and exists (
    select 1
    from delivery
    where delivery.run_id = phase_run.run_id
        and delivery.municipality_id = :municipality_id
        and delivery.mode = 'live'
        and delivery.state not in ('cancelled', 'rejected', 'exhausted')
        and not (delivery.state = 'held' and delivery.occasion = this_run.occasion)
)
order by phase_run.started_ms, phase_run.run_id
