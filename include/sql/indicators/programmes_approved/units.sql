-- How many programmes of internships of a measure are approved?
-- One row 'region': programmes in state approved, approved up to the as-of date. `met_on` is
-- the day on which the target was reached. Without a register of programmes nothing is known
-- and the numerator is empty.

with received as (
    select count(*) as batches
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
        and load_batch.dataset = 'programmes'
),
approved as (
    select programme.programme_id, min(programme.approved_on) as approved_on
    from programme
    join run_batch
        on run_batch.batch_id = programme.batch_id
        and run_batch.run_id = :run_id
    where programme.measure = :measure
        and programme.state = 'approved'
        and programme.approved_on <= :as_of
    group by programme.programme_id
),
numbered as (
    select approved_on, row_number() over (order by approved_on, programme_id) as place
    from approved
),
counted as (
    select
        count(*) as programmes,
        min(case when place >= :target then approved_on end) as met_on
    from numbered
)
select
    'region' as municipality_id,
    case when received.batches > 0 then counted.programmes end as numerator,
    cast(null as integer) as denominator,
    counted.met_on
from received
cross join counted
