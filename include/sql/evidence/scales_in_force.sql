-- Which scales of ВПР has the region's workbook in force?
-- The newest accepted one, as evidence/batches_in_force.sql chooses it, of all that is known now.
select year, subject, grade, maximum, three, four, five
from vpr_scale
where batch_id = (
    select batch_id
    from load_batch
    where plan_code = :plan_code
        and dataset = 'vpr_scales'
        and state = 'accepted'
    order by received_ms desc, loaded_ms desc, batch_id desc
    limit 1
)
