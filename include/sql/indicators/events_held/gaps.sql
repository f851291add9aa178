-- Which registered events of a measure do not count as held?
-- One row per event, by the same rules as events_held.sql; `detail` is its title. How many
-- are missing says the indicator: not every missing event needs to be registered.

select distinct
    'event' as unit_kind,
    'region' as municipality_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as school_id,
    cast(null as integer) as measure,
    event.title as detail
from event
join run_batch
    on run_batch.batch_id = event.batch_id
    and run_batch.run_id = :run_id
where event.measure = :measure
    and not (
        event.state = 'held'
        and event.held_on <= :as_of
        and event.held_on >= :window_starts
        and (:late_counts_as_done = 1 or event.held_on <= :window_ends)
        and (:only_within_seminar = 0 or coalesce(event.seminar_id, '') <> '')
    )
order by event.title
