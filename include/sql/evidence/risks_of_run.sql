-- Which risks has each school, by its last assessment up to the as-of date?
-- Inserts a row per school and factor that the run's risk profiles assess.

insert into run_risk (run_id, school_id, factor, is_activated)
with assessed as (
    select
        risk.school_id,
        risk.factor,
        risk.is_activated,
        row_number() over (
            partition by risk.school_id, risk.factor
            order by risk.assessed_on desc, risk.row desc, risk.is_activated desc
        ) as place
    from risk
    join run_batch
        on run_batch.batch_id = risk.batch_id
        and run_batch.run_id = :run_id
    where risk.assessed_on <= :as_of
)
select :run_id, school_id, factor, is_activated
from assessed
where place = 1
