-- Which registered programmes of internships of a measure are not approved?
-- One row per programme, by the same rules as programmes_approved.sql; `detail` is its title.

select distinct
    'programme' as unit_kind,
    'region' as municipality_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as school_id,
    cast(null as integer) as measure,
    programme.title as detail
from programme
join run_batch
    on run_batch.batch_id = programme.batch_id
    and run_batch.run_id = :run_id
where programme.measure = :measure
    and (
        programme.state <> 'approved'
        or programme.approved_on is null
        or programme.approved_on > :as_of
    )
order by programme.title
