-- Which dates of measures «по отдельному графику» were known when a run's as-of day ended?
-- Of what had been received by then the newest file of each scope, as with batches_in_force.
-- A file that was loaded after the run was frozen is none of its: the answer never changes.
select own_schedule_date.measure, max(own_schedule_date.due_on) as due_on
from own_schedule_date
join (
    select
        load_batch.batch_id,
        row_number() over (
            partition by load_batch.scope
            order by load_batch.received_ms desc, load_batch.loaded_ms desc, load_batch.batch_id desc
        ) as newest
    from load_batch
    join phase_run on phase_run.plan_code = load_batch.plan_code
    where phase_run.run_id = :run_id
        and load_batch.dataset = 'own_schedule'
        and load_batch.state = 'accepted'
        and load_batch.received_ms < :day_over_ms
        and (
            load_batch.batch_id in (
                select run_batch.batch_id from run_batch where run_batch.run_id = phase_run.run_id
            )
            or (
                load_batch.received_ms <= phase_run.known_at_ms
                and load_batch.loaded_ms <= case
                    when phase_run.known_by = 'received' then phase_run.started_ms
                    else phase_run.known_at_ms
                end
            )
        )
) as known on known.batch_id = own_schedule_date.batch_id
where known.newest = 1
group by own_schedule_date.measure
