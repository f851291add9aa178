-- Of which schools has a risk profile come that was made up to the as-of date?

select distinct risk.school_id
from risk
join run_batch
    on run_batch.batch_id = risk.batch_id
    and run_batch.run_id = :run_id
where risk.assessed_on <= :as_of
