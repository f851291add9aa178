-- Which project schools took no part in an event?
-- One row per school, by the same rules as schools_present.sql. To be read only where that
-- file knows a numerator.

with present as (
    select attendance.school_id
    from attendance
    join run_batch as attendance_batch
        on attendance_batch.batch_id = attendance.batch_id
        and attendance_batch.run_id = :run_id
    join event on event.event_id = attendance.event_id
    join run_batch as event_batch
        on event_batch.batch_id = event.batch_id
        and event_batch.run_id = :run_id
    where attendance.event_id = :event
        and attendance.role = 'school'
        and attendance.is_present = 1
        and event.state = 'held'
        and event.held_on <= :as_of
    group by attendance.school_id
    having count(distinct coalesce(attendance.person_id, '')) >= :least_employees_of_school
)
select
    'school' as unit_kind,
    run_school.municipality_id,
    cast(null as varchar) as person_id,
    run_school.school_id,
    cast(null as integer) as measure,
    cast(null as varchar) as detail
from run_school
join run_municipality
    on run_municipality.run_id = run_school.run_id
    and run_municipality.municipality_id = run_school.municipality_id
where run_school.run_id = :run_id
    and run_school.is_participating = 1
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
    and not exists (select 1 from present where present.school_id = run_school.school_id)
order by run_school.municipality_id, run_school.school_id
