-- One unit per seminar that an event of the measure names, told by its code; it counts from the
-- event with which as many were held as make it a standing one by the plan's rule, from the first
-- day of the measure's window to the as-of date (past the window's end only where the plan's rule
-- says that late ones count). Not every missing seminar needs to be registered. No row, and nothing
-- is known, while no register of events came.

with registered as (
    select
        event.seminar_id,
        event.event_id,
        min(
            case
                when event.state = 'held'
                    and event.held_on <= :as_of
                    and event.held_on >= :window_starts
                    and (:late_counts_as_done = 1 or event.held_on <= :window_ends)
                    then event.held_on
            end
        ) as held_on
    from run_batch
    join load_batch
        on load_batch.batch_id = run_batch.batch_id
        and load_batch.dataset = 'events'
    left join event
        on event.batch_id = run_batch.batch_id
        and event.measure = :measure
        and event.seminar_id <> ''
    where run_batch.run_id = :run_id
    group by event.seminar_id, event.event_id
),
placed as (
    select
        seminar_id,
        held_on,
        row_number() over (
            partition by seminar_id
            order by case when held_on is null then 1 else 0 end, held_on, event_id
        ) as place
    from registered
)
select
    'region' as municipality_id,
    case when count(held_on) = 0 then 'seminar' else 'seminar_of_few_events' end as unit_kind,
    seminar_id as unit,
    seminar_id as detail,
    min(case when place = :least_events_of_seminar then held_on end) as met_on,
    1 as is_known
from placed
group by seminar_id
