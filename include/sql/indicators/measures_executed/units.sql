-- One unit per measure of the scope, for each municipality that is judged for it and for
-- 'region', which is not their sum: it counts all. The scope (due on that day, with or without
-- those that last the whole period) was frozen by the run that monitored, as was what counts as
-- executed; met on the day that was judged. Past the monitoring's own day that is an earlier run:
-- the monitoring is a fact by then. No row, and nothing is known, without such a run.

select
    measure_status.municipality_id,
    'measure' as unit_kind,
    measure_status.measure as unit,
    measure_status.measure,
    case
        when measure_status.is_executed = 1
            and (:late_counts_as_done = 1 or measure_status.status <> 'done_late')
            then phase_run.as_of
    end as met_on,
    1 as is_known
from monitoring_scope
join measure_status
    on measure_status.run_id = monitoring_scope.run_id
    and measure_status.measure = monitoring_scope.measure
join phase_run on phase_run.run_id = monitoring_scope.run_id
where monitoring_scope.run_id = :monitoring_run_id
    and monitoring_scope.monitoring = :monitoring
