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
        from risk
        join run_batch profile_batch
            on profile_batch.batch_id = risk.batch_id
            and profile_batch.run_id = :run_id
        where risk.school_id = positive_change.school_id
            and risk.assessed_on <= :as_of
    )
    and not exists (
        select 1
        from risk
        join run_batch risk_batch
            on risk_batch.batch_id = risk.batch_id
            and risk_batch.run_id = :run_id
        where risk.school_id = positive_change.school_id
            and risk.factor = positive_change.factor
            and risk.is_activated = 1
            and risk.assessed_on <= :as_of
            and not exists (
                select 1
                from risk later
                join run_batch later_batch
                    on later_batch.batch_id = later.batch_id
                    and later_batch.run_id = :run_id
                where later.school_id = risk.school_id
                    and later.factor = risk.factor
                    and later.assessed_on > risk.assessed_on
                    and later.assessed_on <= :as_of
            )
    )
group by
    positive_change.school_id, positive_change.factor,
    load_batch.batch_id, load_batch.dataset, load_batch.file_name
order by load_batch.file_name, min(positive_change.row), positive_change.school_id
