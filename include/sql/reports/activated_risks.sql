-- Which risks have the project's schools activated by the as-of date, and how was each marked in the
-- monitoring of positive changes?
-- One row per school, activated risk and mark known that day; a risk without any mark has one row
-- whose stage is null.

with marked as (
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
    run_risk.factor,
    marked.stage,
    marked.mark,
    marked.evidence,
    marked.marked_on
from run_school
join run_municipality
    on run_municipality.run_id = run_school.run_id
    and run_municipality.municipality_id = run_school.municipality_id
    and run_municipality.is_participating = 1
join run_risk
    on run_risk.run_id = run_school.run_id
    and run_risk.school_id = run_school.school_id
    and run_risk.is_activated = 1
left join marked
    on marked.school_id = run_risk.school_id
    and marked.factor = run_risk.factor
where run_school.run_id = :run_id
    and run_school.is_participating = 1
order by run_school.municipality_id, run_school.school_id, run_risk.factor, marked.stage
