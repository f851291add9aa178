-- How many seminars of a kind were held with teachers of project schools?
-- One row 'region'. Counted: events of the measure and of that kind, state held, on a day of
-- the measure's window up to the as-of date, where the log has as many participants from
-- schools in the project as the plan's rule asks for. `met_on` is the day on which the target
-- was reached. Without a register of events nothing is known and the numerator is empty, as it is
-- while seminars were held and the log of not a single event has come.

with received as (
    select
        count(case when load_batch.dataset = 'events' then 1 end) as events,
        count(case when load_batch.dataset = 'attendance' then 1 end) as logs
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
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
held as (
    select event.event_id, min(event.held_on) as held_on
    from event
    join run_batch
        on run_batch.batch_id = event.batch_id
        and run_batch.run_id = :run_id
    where event.measure = :measure
        and event.kind = :kind
        and event.state = 'held'
        and event.held_on <= :as_of
        and event.held_on >= :window_starts
        and event.held_on <= :window_ends
    group by event.event_id
),
numbered as (
    select held.held_on, row_number() over (order by held.held_on, held.event_id) as place
    from held
    join present
        on present.event_id = held.event_id
        and present.participants >= :least_project_participants
),
counted as (
    select
        count(*) as seminars,
        min(case when place >= :target then held_on end) as met_on
    from numbered
)
select
    'region' as municipality_id,
    case
        when received.events > 0 and (received.logs > 0 or not exists (select 1 from held))
            then counted.seminars
    end as numerator,
    cast(null as integer) as denominator,
    counted.met_on
from received
cross join counted
