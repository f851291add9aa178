-- Which batch of each dataset and scope was in force at a moment?
-- Known is what had been loaded by then, or, where known by is «received», all that had been
-- received by then, whenever it was loaded.
-- The newest by the time its content became known; of two with one time, the one loaded last.
select batch_id, dataset, scope, file_name, sha256, received_ms, rows_accepted, rows_rejected
from (
    select
        b.*,
        row_number() over (
            partition by b.dataset, b.scope
            order by b.received_ms desc, b.loaded_ms desc, b.batch_id desc
        ) as newest
    from load_batch b
    where b.plan_code = :plan_code
      and b.state = 'accepted'
      and b.received_ms <= :known_at_ms
      and (b.loaded_ms <= :known_at_ms or :known_by = 'received')
) known
where newest = 1
order by dataset, scope
