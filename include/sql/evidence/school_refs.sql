-- Under which logins, codes and names does the registry know the schools of the run?
-- `is_current` is 1 for what is valid on the as-of date: it wins over what a school had before.
with known as (
    select
        school.school_id,
        school.vpr_login,
        school.gia_code,
        school.name,
        case when school.valid_to is null or school.valid_to >= :as_of then 1 else 0 end
            as is_current
    from school
    join run_batch
        on run_batch.batch_id = school.batch_id
        and run_batch.run_id = :run_id
    join run_school
        on run_school.run_id = run_batch.run_id
        and run_school.school_id = school.school_id
    where school.valid_from <= :as_of
)
select 'vpr_login' as scheme, vpr_login as ref, school_id, is_current
from known
where vpr_login is not null
union
select 'gia_code', gia_code, school_id, is_current
from known
where gia_code is not null
union
select 'name', name, school_id, is_current
from known
