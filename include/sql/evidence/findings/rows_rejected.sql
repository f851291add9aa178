-- In which files in force were rows quarantined, how many, and is any of them named? Rows of
-- pupils are only counted.
select
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    load_batch.rows_rejected as rows,
    load_batch.rows_accepted as accepted,
    case when exists (
        select 1
        from rejected_row
        where rejected_row.batch_id = load_batch.batch_id
            and rejected_row."row" is null
    ) then 0 else 1 end as is_named
from load_batch
join run_batch
    on run_batch.batch_id = load_batch.batch_id
    and run_batch.run_id = :run_id
where load_batch.rows_rejected > 0
order by load_batch.dataset, load_batch.file_name
