-- By which scale were the marks of each protocol of ВПР given that the run froze?
-- What came before scales were kept, or without one, says nothing.
select load_batch.scope, load_batch.scale
from load_batch
join run_batch
    on run_batch.batch_id = load_batch.batch_id
    and run_batch.run_id = :run_id
where load_batch.dataset = 'vpr_protocols'
    and load_batch.scale <> ''
order by load_batch.scope
