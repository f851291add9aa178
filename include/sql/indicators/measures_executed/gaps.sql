-- Which of the measures that a monitoring counts were not executed on its day?
-- One row per municipality or 'region' and measure, by the same rules as measures_executed.sql.

select
    'measure' as unit_kind,
    measure_status.municipality_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as school_id,
    measure_status.measure,
    cast(null as varchar) as detail
from monitoring_scope
join measure_status
    on measure_status.run_id = monitoring_scope.run_id
    and measure_status.measure = monitoring_scope.measure
where monitoring_scope.run_id = :monitoring_run_id
    and monitoring_scope.monitoring = :monitoring
    and not (
        measure_status.is_executed = 1
        and (:late_counts_as_done = 1 or measure_status.status <> 'done_late')
    )
order by measure_status.municipality_id, measure_status.measure
