-- Which of the regional acts that the plan requires are approved?
-- One row 'region': required acts (the plan's list, frozen as a rule of the run) with an
-- approved act of that name, signed up to the as-of date. A draft or a later signature is
-- none. Without a register of acts nothing is known and the numerator is empty.

with required as (
    select run_rule.value as document
    from run_rule
    where run_rule.run_id = :run_id
        and run_rule.measure = :measure
        and run_rule.rule = 'required_documents'
),
received as (
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
    case when max(received.batches) > 0 then count(approved.document) end as numerator,
    count(required.document) as denominator,
    max(approved.signed_on) as met_on
from required
cross join received
left join approved on approved.document = required.document
