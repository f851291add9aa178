-- Which schools of another municipality does a municipality answer for in its acknowledgements?
-- A file is of one municipality (its scope); whose the school is, the registry says.
select
    acknowledgement.school_id as ref,
    load_batch.scope as named_id,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    min(acknowledgement.sheet) as sheet,
    min(acknowledgement.row) as row
from acknowledgement
join run_batch
    on run_batch.batch_id = acknowledgement.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = acknowledgement.batch_id
join run_school
    on run_school.run_id = run_batch.run_id
    and run_school.school_id = acknowledgement.school_id
    and run_school.municipality_id <> load_batch.scope
group by
    acknowledgement.school_id, load_batch.scope,
    load_batch.batch_id, load_batch.dataset, load_batch.file_name
order by load_batch.file_name, min(acknowledgement.row), acknowledgement.school_id
