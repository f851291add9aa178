-- What is this phase run?
select
    run_id,
    plan_code,
    phase,
    occasion,
    mode,
    as_of,
    known_at_ms,
    started_ms,
    reason
from phase_run
where run_id = :run_id
