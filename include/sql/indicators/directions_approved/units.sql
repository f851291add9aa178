-- One unit, the directions for the year after the plan's: met by the first one approved up to
-- the as-of date. `detail` is the first direction that is only drafted, where there is one.
-- Known once a register of directions came.

select
    'region' as municipality_id,
    'direction' as unit_kind,
    'directions' as unit,
    min(case when direction.state = 'draft' then direction.title end) as detail,
    min(
        case
            when direction.state = 'approved' and direction.approved_on <= :as_of
                then direction.approved_on
        end
    ) as met_on,
    coalesce(max(case when load_batch.dataset = 'directions' then 1 end), 0) as is_known
from run_batch
join load_batch on load_batch.batch_id = run_batch.batch_id
left join direction
    on direction.batch_id = run_batch.batch_id
    and direction.for_year = :plan_year + 1
where run_batch.run_id = :run_id
