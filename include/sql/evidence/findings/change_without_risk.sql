-- Which marks of positive changes are of a risk that the school has not activated by the as-of date?
-- Only of schools whose risk profile is there: without one nobody knows which risks it has.
select
    positive_change.school_id as ref,
    positive_change.factor,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    min(positive_change.sheet) as sheet,
    min(positive_change.row) as row
from positive_change
join run_batch
    on run_batch.batch_id = positive_change.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = positive_change.batch_id
where positive_change.marked_on <= :as_of
    and exists (
        select 1
        from run_risk
        where run_risk.run_id = :run_id
            and run_risk.school_id = positive_change.school_id
    )
    and not exists (
        select 1
        from run_risk
        where run_risk.run_id = :run_id
            and run_risk.school_id = positive_change.school_id
            and run_risk.factor = positive_change.factor
            and run_risk.is_activated = 1
    )
group by
    positive_change.school_id, positive_change.factor,
    load_batch.batch_id, load_batch.dataset, load_batch.file_name
order by load_batch.file_name, min(positive_change.row), positive_change.school_id
