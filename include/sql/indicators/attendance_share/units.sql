-- What share of the people in a role took part in an event?
-- One row per participating municipality. The denominator is everybody in the role on the
-- as-of date: a person once per municipality, however many schools a curator leads there,
-- and only for schools in the project that day; a coordinator counts in the municipality
-- itself, whatever school stands beside the name. Somebody who holds two roles and signed in
-- once was there in both, so the log's role is not asked for.
-- The numerator is empty (nothing is known) while the event is not registered, and when it
-- was held but no log came; it is 0 when the event was not held.

with person as (
    select distinct
        coalesce(run_school.municipality_id, person_role.municipality_id) as municipality_id,
        person_role.person_id
    from person_role
    join run_batch
        on run_batch.batch_id = person_role.batch_id
        and run_batch.run_id = :run_id
    left join run_school
        on run_school.run_id = run_batch.run_id
        and run_school.school_id = person_role.school_id
        and person_role.role = 'curator'
    where person_role.role = :role
        and person_role.valid_from <= :as_of
        and (person_role.valid_to is null or person_role.valid_to >= :as_of)
        and (
            person_role.role <> 'curator'
            or person_role.school_id is null
            or run_school.is_participating = 1
        )
),
registered as (
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
    select attendance.event_id, attendance.person_id, attendance.is_present
    from attendance
    join run_batch
        on run_batch.batch_id = attendance.batch_id
        and run_batch.run_id = :run_id
    where attendance.event_id = :event
),
present as (
    select distinct logged.person_id, registered.held_on
    from logged
    join registered on registered.event_id = logged.event_id
    where logged.is_present = 1
        and logged.person_id is not null
        and registered.held_on is not null
),
known as (
    select count(*) as is_known
    from registered
    where registered.held_on is null
        or exists (select 1 from logged)
)
select
    run_municipality.municipality_id,
    case when max(known.is_known) > 0 then count(present.person_id) end as numerator,
    count(person.person_id) as denominator,
    max(present.held_on) as met_on
from run_municipality
cross join known
left join person on person.municipality_id = run_municipality.municipality_id
left join present on present.person_id = person.person_id
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
group by run_municipality.municipality_id
order by run_municipality.municipality_id
