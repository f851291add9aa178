-- One unit per registered programme of internships of the measure, told by its title; it counts
-- once it is in state approved, from a day up to the as-of date. No row, and nothing is known,
-- while no register of programmes came.

select
    'region' as municipality_id,
    'programme' as unit_kind,
    programme.programme_id as unit,
    min(programme.title) as detail,
    min(
        case
            when programme.state = 'approved' and programme.approved_on <= :as_of
                then programme.approved_on
        end
    ) as met_on,
    1 as is_known
from run_batch
join load_batch
    on load_batch.batch_id = run_batch.batch_id
    and load_batch.dataset = 'programmes'
left join programme
    on programme.batch_id = run_batch.batch_id
    and programme.measure = :measure
where run_batch.run_id = :run_id
group by programme.programme_id
