-- How many live runs of the plan about a later day have decided about the addressee?
select count(*)
from run_outcome
join phase_run on phase_run.run_id = run_outcome.run_id
where run_outcome.municipality_id = :municipality_id
    and phase_run.plan_code = :plan_code
    and phase_run.mode = 'live'
    and phase_run.as_of > :as_of
