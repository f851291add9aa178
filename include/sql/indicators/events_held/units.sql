-- How many events of a measure were held within its seminars?
-- One row 'region'. Counted: state held, from the first day of the measure's window to the
-- as-of date (past the window's end only where the plan's rule says that late ones count),
-- part of a seminar where the plan asks for one. An event carries one measure, so none counts
-- twice. `met_on` is the day of the event that reached the target. Without a register of
-- events nothing is known and the numerator is empty.

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
    where event.measure = :measure
        and event.state = 'held'
        and event.held_on <= :as_of
        and event.held_on >= :window_starts
        and (:late_counts_as_done = 1 or event.held_on <= :window_ends)
        and (:only_within_seminar = 0 or coalesce(event.seminar_id, '') <> '')
    group by event.event_id
),
numbered as (
    select held_on, row_number() over (order by held_on, event_id) as place
    from held
),
counted as (
    select
        count(*) as events,
        min(case when place >= :target then held_on end) as met_on
    from numbered
)
select
    'region' as municipality_id,
    case when received.batches > 0 then counted.events end as numerator,
    cast(null as integer) as denominator,
    counted.met_on
from received
cross join counted
