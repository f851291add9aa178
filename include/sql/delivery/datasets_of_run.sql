-- Which datasets did the run ask for, how did each stand when it was frozen, and has a newer
-- file been taken in since?
select
    run_dataset.dataset,
    run_dataset.need,
    run_dataset.state,
    (
        select max(load_batch.received_ms)
        from load_batch
        where load_batch.plan_code = phase_run.plan_code
            and load_batch.dataset = run_dataset.dataset
            and load_batch.state = 'accepted'
            and load_batch.loaded_ms > phase_run.started_ms
    ) as newer_ms
from run_dataset
join phase_run on phase_run.run_id = run_dataset.run_id
where run_dataset.run_id = :run_id
order by run_dataset.need, run_dataset.dataset
