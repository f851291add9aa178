-- Which of the regional acts that the plan requires are not approved?
-- One row per act, named as the plan names it, by the same rules as regional_acts_approved.sql.

select
    'document' as unit_kind,
    'region' as municipality_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as school_id,
    cast(null as integer) as measure,
    run_rule.value as detail
from run_rule
where run_rule.run_id = :run_id
    and run_rule.measure = :measure
    and run_rule.rule = 'required_documents'
    and not exists (
        select 1
        from regional_act
        join run_batch
            on run_batch.batch_id = regional_act.batch_id
            and run_batch.run_id = :run_id
        where regional_act.document = run_rule.value
            and regional_act.state = 'approved'
            and regional_act.signed_on <= :as_of
    )
order by run_rule.value
