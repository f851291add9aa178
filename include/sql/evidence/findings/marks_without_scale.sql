-- Which protocols of ВПР in force have no marks, because nobody knows the scale of their paper?
select
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name
from load_batch
join run_batch
    on run_batch.batch_id = load_batch.batch_id
    and run_batch.run_id = :run_id
where load_batch.dataset = 'vpr_protocols'
    and load_batch.scale = ''
order by load_batch.file_name
