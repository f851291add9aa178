-- What share of the measures that a monitoring counts was executed on its day?
-- One row per municipality and one for 'region', which is not their sum: it counts all
-- measures of the scope, a municipality those that are judged for it. The scope (due on that
-- day, with or without those that last the whole period) was frozen by the run that monitored,
-- as was what counts as executed. Past the monitoring's own day that is an earlier run: the
-- monitoring is a fact by then. Without such a run there is no row and nothing is known.
-- `met_on` is the day that was judged.

select
    measure_status.municipality_id,
    count(
        case
            when measure_status.is_executed = 1
                and (:late_counts_as_done = 1 or measure_status.status <> 'done_late')
                then 1
        end
    ) as numerator,
    count(*) as denominator,
    max(phase_run.as_of) as met_on
from monitoring_scope
join measure_status
    on measure_status.run_id = monitoring_scope.run_id
    and measure_status.measure = monitoring_scope.measure
join phase_run on phase_run.run_id = monitoring_scope.run_id
where monitoring_scope.run_id = :monitoring_run_id
    and monitoring_scope.monitoring = :monitoring
group by measure_status.municipality_id
order by measure_status.municipality_id
