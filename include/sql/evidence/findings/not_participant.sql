-- Who is marked as present without being in that role, or in the project, on the as-of date?
select
    attendance.event_id,
    attendance.role,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    attendance.sheet,
    attendance.row
from attendance
join run_batch
    on run_batch.batch_id = attendance.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = attendance.batch_id
where attendance.is_present = 1
    and (
        (
            attendance.role = 'school'
            and not exists (
                select 1
                from run_school
                where run_school.run_id = :run_id
                    and run_school.school_id = attendance.school_id
                    and run_school.is_participating = 1
            )
        )
        or (
            attendance.role <> 'school'
            and not exists (
                select 1
                from person_role
                join run_batch role_batch
                    on role_batch.batch_id = person_role.batch_id
                    and role_batch.run_id = :run_id
                where person_role.role = attendance.role
                    and person_role.person_id = attendance.person_id
                    and person_role.valid_from <= :as_of
                    and (person_role.valid_to is null or person_role.valid_to >= :as_of)
            )
        )
    )
order by load_batch.file_name, attendance.row
