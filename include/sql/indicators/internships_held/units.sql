-- One unit per registered internship of the measure; it counts once it is held, on a day of the
-- measure's window up to the as-of date, on a base that the reading counts: leader schools, also
-- schools of the project, or any, also one that is not named. One that was held on another base
-- is told with its base. Not every missing internship needs to be registered. No row, and nothing
-- is known, while no register of events came.

with internship as (
    select
        event.event_id,
        min(event.title) as title,
        min(
            case
                when event.host_kind is null or coalesce(event.host, '') = '' then 'unnamed'
                else event.host_kind
            end
        ) as base,
        min(
            case
                when event.state = 'held'
                    and event.held_on <= :as_of
                    and event.held_on >= :window_starts
                    and event.held_on <= :window_ends
                    then event.held_on
            end
        ) as held_on,
        min(
            case
                when event.state <> 'held' or event.held_on > :as_of then 'event_not_held'
                when event.held_on < :window_starts then 'event_too_early'
                when event.held_on > :window_ends then 'event_too_late'
            end
        ) as why_not
    from run_batch
    join load_batch
        on load_batch.batch_id = run_batch.batch_id
        and load_batch.dataset = 'events'
    left join event
        on event.batch_id = run_batch.batch_id
        and event.measure = :measure
        and event.kind = :kind
    where run_batch.run_id = :run_id
    group by event.event_id
)
select
    'region' as municipality_id,
    case
        when held_on is null then coalesce(why_not, 'event_not_held')
        when base = 'unnamed' then 'event_without_base'
        else 'event_on_other_base'
    end as unit_kind,
    event_id as unit,
    title as detail,
    case
        when base = 'leader_school'
            or :hosts = 'any'
            or (:hosts = 'project_school' and base = 'project_school')
            then held_on
    end as met_on,
    1 as is_known
from internship
