-- Who of the people in a role took no part in an event?
-- One row per person and school that he or she leads (a coordinator leads none), by the same
-- rules as attendance_share.sql. To be read only where that file knows a numerator.

select distinct
    cast(:role as varchar) as unit_kind,
    run_municipality.municipality_id,
    person_role.person_id,
    case when person_role.role = 'curator' then person_role.school_id end as school_id,
    cast(null as integer) as measure,
    cast(null as varchar) as detail
from person_role
join run_batch
    on run_batch.batch_id = person_role.batch_id
    and run_batch.run_id = :run_id
left join run_school
    on run_school.run_id = run_batch.run_id
    and run_school.school_id = person_role.school_id
    and person_role.role = 'curator'
join run_municipality
    on run_municipality.run_id = run_batch.run_id
    and run_municipality.municipality_id
        = coalesce(run_school.municipality_id, person_role.municipality_id)
where person_role.role = :role
    and person_role.valid_from <= :as_of
    and (person_role.valid_to is null or person_role.valid_to >= :as_of)
    and (
        person_role.role <> 'curator'
        or person_role.school_id is null
        or run_school.is_participating = 1
    )
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
    and not exists (
        select 1
        from attendance
        join run_batch as attendance_batch
            on attendance_batch.batch_id = attendance.batch_id
            and attendance_batch.run_id = :run_id
        join event on event.event_id = attendance.event_id
        join run_batch as event_batch
            on event_batch.batch_id = event.batch_id
            and event_batch.run_id = :run_id
        where attendance.event_id = :event
            and attendance.person_id = person_role.person_id
            and attendance.is_present = 1
            and event.state = 'held'
            and event.held_on <= :as_of
    )
order by run_municipality.municipality_id, person_role.person_id, school_id
