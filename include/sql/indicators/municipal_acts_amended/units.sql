-- One unit per participating municipality: met by its first act that rests on the
-- recommendations, adopted from the day that the plan names (the recommendations can't be older
-- than the monitoring they come from) to the as-of date; past the window's end only where the
-- plan's rule says that late ones count.
-- A municipality without a file has amended nothing; while no municipality has sent any, nothing
-- is known.

with act as (
    select municipal_act.municipality_id, min(municipal_act.adopted_on) as adopted_on
    from municipal_act
    join run_batch
        on run_batch.batch_id = municipal_act.batch_id
        and run_batch.run_id = :run_id
    where municipal_act.basis = :basis
        and municipal_act.adopted_on >= :adopted_from
        and municipal_act.adopted_on <= :as_of
        and (:late_counts_as_done = 1 or municipal_act.adopted_on <= :window_ends)
    group by municipal_act.municipality_id
),
received as (
    select count(*) as batches
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
        and load_batch.dataset = 'municipal_acts'
)
select
    run_municipality.municipality_id,
    'municipality' as unit_kind,
    run_municipality.municipality_id as unit,
    act.adopted_on as met_on,
    case when received.batches > 0 then 1 else 0 end as is_known
from run_municipality
cross join received
left join act on act.municipality_id = run_municipality.municipality_id
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
