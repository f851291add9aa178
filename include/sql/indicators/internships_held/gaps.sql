-- Which registered internships on one kind of base do not count as held?
-- One row per event, by the same rules as internships_held.sql; `detail` is its title. How
-- many are missing says the indicator: not every missing internship needs to be registered.

select distinct
    'event' as unit_kind,
    'region' as municipality_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as school_id,
    cast(null as integer) as measure,
    event.title as detail
from event
join run_batch
    on run_batch.batch_id = event.batch_id
    and run_batch.run_id = :run_id
where event.measure = :measure
    and event.kind = :kind
    and coalesce(event.host_kind, 'other') = :host
    and not (
        event.state = 'held'
        and event.held_on <= :as_of
        and event.held_on >= :window_starts
        and event.held_on <= :window_ends
        and exists (
            select 1
            from run_rule
            where run_rule.run_id = :run_id
                and run_rule.measure = :measure
                and run_rule.rule = 'counted_hosts'
                and run_rule.value = coalesce(event.host_kind, 'other')
        )
    )
order by event.title
