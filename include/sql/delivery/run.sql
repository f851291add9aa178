-- What is this phase run?
select
    run_id,
    plan_year,
    phase,
    occasion,
    mode,
    as_of,
    known_at_ms,
    started_ms,
    reason
from phase_run
where run_id = :run_id
