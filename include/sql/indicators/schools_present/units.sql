-- What share of the project schools took part in an event?
-- One row per participating municipality. The denominator is its schools in the project on
-- the as-of date; a school was there when the log has as many of its employees as the plan's
-- rule asks for (a row without a person's code is one employee).
-- The numerator is empty (nothing is known) while the event is not registered, and when it
-- was held but no log came; it is 0 when the event was not held.

with registered as (
    select
        event.event_id,
        max(
            case when event.state = 'held' and event.held_on <= :as_of then event.held_on end
        ) as held_on
    from event
    join run_batch
        on run_batch.batch_id = event.batch_id
        and run_batch.run_id = :run_id
    where event.event_id = :event
    group by event.event_id
),
logged as (
    select
        attendance.event_id,
        attendance.role,
        attendance.school_id,
        attendance.person_id,
        attendance.is_present
    from attendance
    join run_batch
        on run_batch.batch_id = attendance.batch_id
        and run_batch.run_id = :run_id
    where attendance.event_id = :event
),
present as (
    select logged.school_id, max(registered.held_on) as held_on
    from logged
    join registered on registered.event_id = logged.event_id
    where logged.role = 'school'
        and logged.is_present = 1
        and registered.held_on is not null
    group by logged.school_id
    having count(distinct coalesce(logged.person_id, '')) >= :least_employees_of_school
),
known as (
    select count(*) as is_known
    from registered
    where registered.held_on is null
        or exists (select 1 from logged)
)
select
    run_municipality.municipality_id,
    case when max(known.is_known) > 0 then count(present.school_id) end as numerator,
    count(run_school.school_id) as denominator,
    max(present.held_on) as met_on
from run_municipality
cross join known
left join run_school
    on run_school.run_id = run_municipality.run_id
    and run_school.municipality_id = run_municipality.municipality_id
    and run_school.is_participating = 1
left join present on present.school_id = run_school.school_id
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
group by run_municipality.municipality_id
order by run_municipality.municipality_id
