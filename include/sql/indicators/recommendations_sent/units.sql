-- One unit per participating municipality. Sent is what a mail server accepted in live mode and
-- did not return since. The fact carries the as-of date of the phase run that made the letter;
-- the moment of acceptance counts against known-at only, and for letters of this very run not at
-- all (they are sent after it froze its inputs). The ledger is our own: it always knows.

with acceptance as (
    select delivery.municipality_id, min(phase_run.as_of) as sent_on
    from delivery
    join phase_run on phase_run.run_id = delivery.run_id
    join delivery_event
        on delivery_event.delivery_id = delivery.delivery_id
        and delivery_event.to_state = 'accepted'
    where delivery.mode = 'live'
        and phase_run.plan_year = :plan_year
        and phase_run.phase = :phase
        and phase_run.as_of <= :as_of
        and (delivery.run_id = :run_id or delivery_event.at_ms <= :known_at_ms)
        and not exists (
            select 1
            from delivery_event as bounce
            where bounce.delivery_id = delivery.delivery_id
                and bounce.to_state = 'bounced'
                and (delivery.run_id = :run_id or bounce.at_ms <= :known_at_ms)
        )
    group by delivery.municipality_id
)
select
    run_municipality.municipality_id,
    'municipality' as unit_kind,
    run_municipality.municipality_id as unit,
    acceptance.sent_on as met_on,
    1 as is_known
from run_municipality
left join acceptance on acceptance.municipality_id = run_municipality.municipality_id
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
