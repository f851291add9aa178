-- Which lists of attendance are of an event that the register of events does not have?
select
    attendance.event_id as ref,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name
from attendance
join run_batch
    on run_batch.batch_id = attendance.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = attendance.batch_id
where not exists (
    select 1
    from event
    join run_batch event_batch
        on event_batch.batch_id = event.batch_id
        and event_batch.run_id = :run_id
    where event.event_id = attendance.event_id
)
group by attendance.event_id, load_batch.batch_id, load_batch.dataset, load_batch.file_name
order by attendance.event_id
