-- Which registered seminars of a kind do not count?
-- One row per event, by the same rules as train_seminars_held.sql; `detail` is its title. How
-- many are missing says the indicator: not every missing seminar needs to be registered.

with present as (
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
)
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
left join present
    on present.event_id = event.event_id
    and present.participants >= :least_project_participants
where event.measure = :measure
    and event.kind = :kind
    and not (
        event.state = 'held'
        and event.held_on <= :as_of
        and event.held_on >= :window_starts
        and event.held_on <= :window_ends
        and present.event_id is not null
    )
order by event.title
