-- Which anti-risk programmes answer a risk that the school has not activated by the as-of date?
-- Only of schools whose risk profile is there: without one nobody knows which risks it has.
select
    medk_document.school_id as ref,
    medk_document.factor,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    min(medk_document.sheet) as sheet,
    min(medk_document.row) as row
from medk_document
join run_batch
    on run_batch.batch_id = medk_document.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = medk_document.batch_id
where medk_document.factor is not null
    and medk_document.state_on <= :as_of
    and exists (
        select 1
        from run_risk
        where run_risk.run_id = :run_id
            and run_risk.school_id = medk_document.school_id
    )
    and not exists (
        select 1
        from run_risk
        where run_risk.run_id = :run_id
            and run_risk.school_id = medk_document.school_id
            and run_risk.factor = medk_document.factor
            and run_risk.is_activated = 1
    )
group by
    medk_document.school_id, medk_document.factor,
    load_batch.batch_id, load_batch.dataset, load_batch.file_name
order by load_batch.file_name, min(medk_document.row), medk_document.school_id
