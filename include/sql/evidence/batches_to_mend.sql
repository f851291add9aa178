-- Which files of a dataset were refused, or left rows in quarantine, at any time?
-- One row per load batch of that year.

select load_batch.batch_id
from load_batch
where load_batch.plan_year = :plan_year
    and load_batch.dataset = :dataset
    and (load_batch.state = 'refused' or load_batch.rows_rejected > 0)
order by load_batch.batch_id
