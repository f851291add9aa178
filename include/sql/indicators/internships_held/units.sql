-- One unit per registered internship of the measure on that kind of base (one that is not named
-- is another base); it counts once it is held, on a day of the measure's window up to the as-of
-- date, on a base that the plan's rule counts. Not every missing internship needs to be
-- registered. No row, and nothing is known, while no register of events came.

select
    'region' as municipality_id,
    'event' as unit_kind,
    event.event_id as unit,
    min(event.title) as detail,
    min(
        case
            when event.state = 'held'
                and event.held_on <= :as_of
                and event.held_on >= :window_starts
                and event.held_on <= :window_ends
                and run_rule.value is not null
                then event.held_on
        end
    ) as met_on,
    1 as is_known
from run_batch
join load_batch
    on load_batch.batch_id = run_batch.batch_id
    and load_batch.dataset = 'events'
left join event
    on event.batch_id = run_batch.batch_id
    and event.measure = :measure
    and event.kind = :kind
    and coalesce(event.host_kind, 'other') = :host
left join run_rule
    on run_rule.run_id = run_batch.run_id
    and run_rule.measure = :measure
    and run_rule.rule = 'counted_hosts'
    and run_rule.value = coalesce(event.host_kind, 'other')
where run_batch.run_id = :run_id
group by event.event_id
