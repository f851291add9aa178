-- One unit per registered event of the measure; it counts once it is held, from the first day of
-- the measure's window to the as-of date (past the window's end only where the plan's rule says
-- that late ones count), part of a seminar where the plan asks for one, and answering a deficit
-- that an analysis found where the plan is strict about topics. An event carries one measure, so
-- none counts twice. Not every missing event needs to be registered.
-- No row, and nothing is known, while no register of events came; nor is anything known where the
-- plan is strict about topics, events that name a deficit were held and nobody has looked for
-- deficits.

with registered as (
    select
        event.event_id,
        event.seminar_id,
        event.title || coalesce(' (' || event.block || ')', '') as title,
        case
            when event.state = 'held'
                and event.held_on <= :as_of
                and event.held_on >= :window_starts
                and (:late_counts_as_done = 1 or event.held_on <= :window_ends)
                then event.held_on
        end as held_on,
        case
            when event.state <> 'held' or event.held_on > :as_of then 'event_not_held'
            when event.held_on < :window_starts then 'event_too_early'
            when :late_counts_as_done = 0 and event.held_on > :window_ends then 'event_too_late'
        end as why_not,
        case when coalesce(event.subject, event.factor) is null then 0 else 1 end as names_one,
        case
            when exists (
                select 1
                from run_deficit
                where run_deficit.run_id = run_batch.run_id
                    and (
                        run_deficit.factor = event.factor
                        or (
                            run_deficit.subject = event.subject
                            and run_deficit.grade = event.grade
                        )
                    )
            )
                then 1
            else 0
        end as answers_one
    from run_batch
    join load_batch
        on load_batch.batch_id = run_batch.batch_id
        and load_batch.dataset = 'events'
    left join event
        on event.batch_id = run_batch.batch_id
        and event.measure = :measure
    where run_batch.run_id = :run_id
)
select
    'region' as municipality_id,
    case
        when min(held_on) is null then coalesce(min(why_not), 'event_not_held')
        when :only_within_seminar = 1 and coalesce(min(seminar_id), '') = ''
            then 'event_outside_seminar'
        when max(answers_one) = 1 then 'event'
        when max(names_one) = 0 then 'event_without_topic'
        else 'event_of_other_topic'
    end as unit_kind,
    event_id as unit,
    min(title) as detail,
    min(
        case
            when (:only_within_seminar = 0 or coalesce(seminar_id, '') <> '')
                and (:topics = 'shown' or answers_one = 1)
                then held_on
        end
    ) as met_on,
    case
        when :topics = 'shown'
            or exists (select 1 from run_deficit where run_id = :run_id)
            or not exists (select 1 from registered where held_on is not null and names_one = 1)
            then 1
        else 0
    end as is_known
from registered
group by event_id
