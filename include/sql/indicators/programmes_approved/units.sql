-- One unit per registered programme of internships of the measure, told by its title; it counts
-- once it is in state approved, from a day up to the as-of date, and its base is a leader school.
-- No row, and nothing is known, while no register of programmes came.

with written as (
    select
        programme.programme_id,
        min(programme.title) as title,
        min(programme.host_kind) as host_kind,
        min(
            case
                when programme.state = 'approved' and programme.approved_on <= :as_of
                    then programme.approved_on
            end
        ) as approved_on
    from run_batch
    join load_batch
        on load_batch.batch_id = run_batch.batch_id
        and load_batch.dataset = 'programmes'
    left join programme
        on programme.batch_id = run_batch.batch_id
        and programme.measure = :measure
    where run_batch.run_id = :run_id
    group by programme.programme_id
)
select
    'region' as municipality_id,
    case
        when approved_on is null then 'programme'
        when host_kind is null then 'programme_without_base'
        else 'programme_on_other_base'
    end as unit_kind,
    programme_id as unit,
    title as detail,
    case when host_kind = 'leader_school' then approved_on end as met_on,
    1 as is_known
from written
