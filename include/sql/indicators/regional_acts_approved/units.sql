-- One unit per act that the plan requires (its list, frozen as a rule of the run), named as the
-- plan names it: met by the first approved act of that name, signed up to the as-of date. A draft
-- or a later signature is none. Known once a register of acts came.

with received as (
    select count(*) as batches
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
        and load_batch.dataset = 'regional_acts'
),
approved as (
    select regional_act.document, min(regional_act.signed_on) as signed_on
    from regional_act
    join run_batch
        on run_batch.batch_id = regional_act.batch_id
        and run_batch.run_id = :run_id
    where regional_act.state = 'approved'
        and regional_act.signed_on <= :as_of
    group by regional_act.document
)
select
    'region' as municipality_id,
    'document' as unit_kind,
    run_rule.value as unit,
    run_rule.value as detail,
    approved.signed_on as met_on,
    case when received.batches > 0 then 1 else 0 end as is_known
from received
left join run_rule
    on run_rule.run_id = :run_id
    and run_rule.measure = :measure
    and run_rule.rule = 'required_documents'
left join approved on approved.document = run_rule.value
