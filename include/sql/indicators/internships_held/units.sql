-- How many internships of a measure were held on one kind of base?
-- One row 'region'. Counted: events of the measure and of that kind, state held, on a day of
-- the measure's window up to the as-of date; a base that is not named counts as other. The
-- plan's rule says which bases count at all. `met_on` is the day of the last one. Without a
-- register of events nothing is known and the numerator is empty.

with received as (
    select count(*) as batches
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
        and load_batch.dataset = 'events'
),
held as (
    select event.event_id, min(event.held_on) as held_on
    from event
    join run_batch
        on run_batch.batch_id = event.batch_id
        and run_batch.run_id = :run_id
    join run_rule
        on run_rule.run_id = run_batch.run_id
        and run_rule.measure = :measure
        and run_rule.rule = 'counted_hosts'
        and run_rule.value = coalesce(event.host_kind, 'other')
    where event.measure = :measure
        and event.kind = :kind
        and coalesce(event.host_kind, 'other') = :host
        and event.state = 'held'
        and event.held_on <= :as_of
        and event.held_on >= :window_starts
        and event.held_on <= :window_ends
    group by event.event_id
),
counted as (
    select count(*) as internships, max(held_on) as met_on
    from held
)
select
    'region' as municipality_id,
    case when received.batches > 0 then counted.internships end as numerator,
    cast(null as integer) as denominator,
    counted.met_on
from received
cross join counted
