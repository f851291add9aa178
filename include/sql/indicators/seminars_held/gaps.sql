-- Which registered seminars of a measure have had no event?
-- One row per seminar, by the same rules as seminars_held.sql; `detail` is its code. How many
-- are missing says the indicator: not every missing seminar needs to be registered.

select
    'seminar' as unit_kind,
    'region' as municipality_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as school_id,
    cast(null as integer) as measure,
    event.seminar_id as detail
from event
join run_batch
    on run_batch.batch_id = event.batch_id
    and run_batch.run_id = :run_id
where event.measure = :measure
    and coalesce(event.seminar_id, '') <> ''
group by event.seminar_id
having count(
    case
        when event.state = 'held'
            and event.held_on <= :as_of
            and event.held_on >= :window_starts
            and (:late_counts_as_done = 1 or event.held_on <= :window_ends)
            then 1
    end
) = 0
order by event.seminar_id
