-- Are the directions of work for the next year determined?
-- One row 'region', 1 of 1 or 0 of 1: at least one direction for the year after the plan's,
-- approved up to the as-of date. `met_on` is the day of the first. Without a register of
-- directions nothing is known and the numerator is empty.

with received as (
    select count(*) as batches
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
        and load_batch.dataset = 'directions'
),
approved as (
    select min(direction.approved_on) as approved_on
    from direction
    join run_batch
        on run_batch.batch_id = direction.batch_id
        and run_batch.run_id = :run_id
    where direction.for_year = :plan_year + 1
        and direction.state = 'approved'
        and direction.approved_on <= :as_of
)
select
    'region' as municipality_id,
    case
        when received.batches = 0 then null
        when approved.approved_on is null then 0
        else 1
    end as numerator,
    1 as denominator,
    approved.approved_on as met_on
from received
cross join approved
