-- How many documents of each municipality's project schools are agreed in МЭДК, and since when
-- is the last one?
-- One row per municipality. The state of a document on the as-of date is its latest row; which
-- states count is the plan's rule counted_states of the measure.

with dated as (
    select
        medk_document.school_id,
        medk_document.kind,
        coalesce(medk_document.factor, '') as factor,
        max(medk_document.state_on) as state_on
    from medk_document
    join run_batch
        on run_batch.batch_id = medk_document.batch_id
        and run_batch.run_id = :run_id
    where medk_document.state_on <= :as_of
    group by medk_document.school_id, medk_document.kind, coalesce(medk_document.factor, '')
)
select
    run_school.municipality_id,
    count(*) as placed,
    max(placed.state_on) as placed_on
from (
    select distinct dated.school_id, dated.kind, dated.factor, dated.state_on
    from dated
    join medk_document
        on medk_document.school_id = dated.school_id
        and medk_document.kind = dated.kind
        and coalesce(medk_document.factor, '') = dated.factor
        and medk_document.state_on = dated.state_on
    join run_batch
        on run_batch.batch_id = medk_document.batch_id
        and run_batch.run_id = :run_id
    join run_rule
        on run_rule.run_id = run_batch.run_id
        and run_rule.measure = :measure
        and run_rule.rule = 'counted_states'
        and run_rule.value = medk_document.state
) as placed
join run_school
    on run_school.run_id = :run_id
    and run_school.school_id = placed.school_id
    and run_school.is_participating = 1
group by run_school.municipality_id
order by run_school.municipality_id
