-- How were the run's addressees named on its as-of date, who takes part, and whom does it write to?
select municipality_id, name, is_participating, is_selected
from run_municipality
where run_id = :run_id
order by municipality_id
