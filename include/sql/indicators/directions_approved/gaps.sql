-- Are the directions of work for the next year still to be determined?
-- One row 'region' where they are, by the same rules as directions_approved.sql; `detail` is
-- the first direction that is only drafted, where there is one.

select
    'direction' as unit_kind,
    'region' as municipality_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as school_id,
    cast(null as integer) as measure,
    min(case when direction.state = 'draft' then direction.title end) as detail
from run_batch
left join direction
    on direction.batch_id = run_batch.batch_id
    and direction.for_year = :plan_year + 1
where run_batch.run_id = :run_id
having count(
    case when direction.state = 'approved' and direction.approved_on <= :as_of then 1 end
) = 0
