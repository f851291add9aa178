-- What share of the approved programmes of internships has been carried out?
-- One row 'region'. The denominator is what programmes_approved.sql counts; carried out is a
-- programme of which at least one internship of the same measure was held up to the as-of
-- date. `met_on` is the day of the last first internship. Without a register of programmes or
-- of events nothing is known and the numerator is empty.

with received as (
    select
        count(case when load_batch.dataset = 'programmes' then 1 end) as programmes,
        count(case when load_batch.dataset = 'events' then 1 end) as events
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
),
approved as (
    select distinct programme.programme_id
    from programme
    join run_batch
        on run_batch.batch_id = programme.batch_id
        and run_batch.run_id = :run_id
    where programme.measure = :measure
        and programme.state = 'approved'
        and programme.approved_on <= :as_of
),
carried_out as (
    select event.programme_id, min(event.held_on) as held_on
    from event
    join run_batch
        on run_batch.batch_id = event.batch_id
        and run_batch.run_id = :run_id
    where event.measure = :measure
        and event.kind = :kind
        and event.state = 'held'
        and event.held_on <= :as_of
    group by event.programme_id
)
select
    'region' as municipality_id,
    case
        when max(received.programmes) > 0 and max(received.events) > 0
            then count(carried_out.programme_id)
    end as numerator,
    count(approved.programme_id) as denominator,
    max(carried_out.held_on) as met_on
from received
left join approved on 1 = 1
left join carried_out on carried_out.programme_id = approved.programme_id
