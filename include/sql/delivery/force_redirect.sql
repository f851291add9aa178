-- A plan that is not in force writes to nobody but the operator, whatever was asked for.
update phase_run
set mode = 'redirect'
where run_id = :run_id
    and mode = 'live'
