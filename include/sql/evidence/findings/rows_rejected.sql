-- In which files in force were rows quarantined, and how many?
select
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    load_batch.rows_rejected as rows,
    load_batch.rows_accepted as accepted
from load_batch
join run_batch
    on run_batch.batch_id = load_batch.batch_id
    and run_batch.run_id = :run_id
where load_batch.rows_rejected > 0
order by load_batch.dataset, load_batch.file_name
