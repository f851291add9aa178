-- Which risks have the project's schools activated by the as-of date, and how was each marked in the
-- monitoring of positive changes?
-- One row per school, activated risk and mark known that day; a risk without any mark has one row
-- whose stage is null. What a later assessment put aside again is not activated.

with activated as (
    select risk.school_id, risk.factor
    from risk
    join run_batch
        on run_batch.batch_id = risk.batch_id
        and run_batch.run_id = :run_id
    where risk.assessed_on <= :as_of
    group by risk.school_id, risk.factor
    having max(case when risk.is_activated = 1 then risk.assessed_on end) = max(risk.assessed_on)
),
marked as (
    select
        positive_change.school_id,
        positive_change.factor,
        positive_change.stage,
        positive_change.mark,
        positive_change.evidence,
        positive_change.marked_on
    from positive_change
    join run_batch
        on run_batch.batch_id = positive_change.batch_id
        and run_batch.run_id = :run_id
    where positive_change.marked_on <= :as_of
)
select
    run_school.municipality_id,
    run_school.school_id,
    activated.factor,
    marked.stage,
    marked.mark,
    marked.evidence,
    marked.marked_on
from run_school
join run_municipality
    on run_municipality.run_id = run_school.run_id
    and run_municipality.municipality_id = run_school.municipality_id
    and run_municipality.is_participating = 1
join activated on activated.school_id = run_school.school_id
left join marked
    on marked.school_id = activated.school_id
    and marked.factor = activated.factor
where run_school.run_id = :run_id
    and run_school.is_participating = 1
order by run_school.municipality_id, run_school.school_id, activated.factor, marked.stage
