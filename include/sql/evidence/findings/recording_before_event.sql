-- Who has studied the recording of an event before the day on which it was held?
select
    attendance.event_id as ref,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    attendance.sheet,
    attendance.row
from attendance
join run_batch
    on run_batch.batch_id = attendance.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = attendance.batch_id
where attendance.studied_on is not null
    and exists (
        select 1
        from event
        join run_batch event_batch
            on event_batch.batch_id = event.batch_id
            and event_batch.run_id = :run_id
        where event.event_id = attendance.event_id
            and event.held_on > attendance.studied_on
    )
order by load_batch.file_name, attendance.row
