-- One unit per registered event of the measure; it counts once it is held, from the first day of
-- the measure's window to the as-of date (past the window's end only where the plan's rule says
-- that late ones count), part of a seminar where the plan asks for one. An event carries one
-- measure, so none counts twice. Not every missing event needs to be registered.
-- No row, and nothing is known, while no register of events came.

select
    'region' as municipality_id,
    'event' as unit_kind,
    event.event_id as unit,
    min(event.title) as detail,
    min(
        case
            when event.state = 'held'
                and event.held_on <= :as_of
                and event.held_on >= :window_starts
                and (:late_counts_as_done = 1 or event.held_on <= :window_ends)
                and (:only_within_seminar = 0 or coalesce(event.seminar_id, '') <> '')
                then event.held_on
        end
    ) as met_on,
    1 as is_known
from run_batch
join load_batch
    on load_batch.batch_id = run_batch.batch_id
    and load_batch.dataset = 'events'
left join event
    on event.batch_id = run_batch.batch_id
    and event.measure = :measure
where run_batch.run_id = :run_id
group by event.event_id
