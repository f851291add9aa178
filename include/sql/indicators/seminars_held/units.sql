-- One unit per seminar that an event of the measure names, told by its code; it counts from its
-- first event that was held from the first day of the measure's window to the as-of date (past
-- the window's end only where the plan's rule says that late ones count). Not every missing
-- seminar needs to be registered. No row, and nothing is known, while no register of events came.

select
    'region' as municipality_id,
    'seminar' as unit_kind,
    event.seminar_id as unit,
    event.seminar_id as detail,
    min(
        case
            when event.state = 'held'
                and event.held_on <= :as_of
                and event.held_on >= :window_starts
                and (:late_counts_as_done = 1 or event.held_on <= :window_ends)
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
    and event.seminar_id <> ''
where run_batch.run_id = :run_id
group by event.seminar_id
