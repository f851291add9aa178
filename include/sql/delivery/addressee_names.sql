-- How were the run's addressees named on its as-of date?
select municipality_id, name
from run_municipality
where run_id = :run_id
order by municipality_id
