-- One unit per registered event of the measure and of that kind; it counts once it is held, on a
-- day of the measure's window up to the as-of date, and the log has as many participants from
-- schools in the project as the plan's rule asks for; where the plan is strict about topics, it
-- answers a deficit that an analysis found. Not every missing seminar needs to be
-- registered.
-- No row, and nothing is known, while no register of events came; nor is anything known while
-- seminars were held and the log of not a single event has come, or where the plan is strict about
-- topics, seminars that name a deficit were held and nobody has looked for deficits.

with seminar as (
    select
        event.event_id,
        min(event.title || coalesce(' (' || event.block || ')', '')) as title,
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
        ) as why_not,
        max(case when coalesce(event.subject, event.factor) is null then 0 else 1 end)
            as names_one,
        max(
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
            end
        ) as answers_one
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
),
present as (
    select
        attendance.event_id,
        count(distinct attendance.school_id || '/' || coalesce(attendance.person_id, ''))
            as participants
    from attendance
    join run_batch
        on run_batch.batch_id = attendance.batch_id
        and run_batch.run_id = :run_id
    join run_school
        on run_school.run_id = run_batch.run_id
        and run_school.school_id = attendance.school_id
        and run_school.is_participating = 1
    where attendance.role = 'school'
        and attendance.is_present = 1
    group by attendance.event_id
),
logs as (
    select count(*) as batches
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
        and load_batch.dataset = 'attendance'
)
select
    'region' as municipality_id,
    case
        when seminar.held_on is null then coalesce(seminar.why_not, 'event_not_held')
        when coalesce(present.participants, 0) < :least_project_participants
            then 'event_without_project_school'
        when seminar.answers_one = 1 then 'event'
        when seminar.names_one = 0 then 'event_without_topic'
        else 'event_of_other_topic'
    end as unit_kind,
    seminar.event_id as unit,
    seminar.title as detail,
    case
        when present.participants >= :least_project_participants
            and (:topics = 'shown' or seminar.answers_one = 1)
            then seminar.held_on
    end as met_on,
    case
        when logs.batches = 0 and exists (select 1 from seminar where held_on is not null)
            then 0
        when :topics = 'shown'
            or exists (select 1 from run_deficit where run_id = :run_id)
            or not exists (select 1 from seminar where held_on is not null and names_one = 1)
            then 1
        else 0
    end as is_known
from seminar
cross join logs
left join present on present.event_id = seminar.event_id
