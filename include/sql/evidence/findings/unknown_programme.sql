-- Which events name a programme of internships that the register of programmes does not have?
select
    event.programme_id as ref,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    min(event.sheet) as sheet,
    min(event.row) as row
from event
join run_batch
    on run_batch.batch_id = event.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = event.batch_id
where event.programme_id is not null
    and not exists (
        select 1
        from programme
        join run_batch programme_batch
            on programme_batch.batch_id = programme.batch_id
            and programme_batch.run_id = :run_id
        where programme.programme_id = event.programme_id
    )
group by event.programme_id, load_batch.batch_id, load_batch.dataset, load_batch.file_name
order by min(event.row), event.programme_id
