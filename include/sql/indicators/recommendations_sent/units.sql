-- One unit per participating municipality. Sent is a letter that carries recommendations: its
-- run had the municipality's check-list with a score of each component that the plan lists. A
-- mail server accepted it in live mode and did not return it since. The fact carries the as-of
-- date of the phase run that made the letter; the moment of acceptance counts against known-at
-- only, and for letters of this very run not at all (they are sent after it froze its inputs).
-- The ledger is our own and always knows; of a municipality without its check-list nothing is known.

with scored as (
    select
        run_batch.run_id,
        mechanism_score.municipality_id,
        count(distinct mechanism_score.component) as components
    from mechanism_score
    join run_batch on run_batch.batch_id = mechanism_score.batch_id
    join run_rule
        on run_rule.run_id = :run_id
        and run_rule.measure = :measure
        and run_rule.rule = 'components'
        and run_rule.value = mechanism_score.component
    group by run_batch.run_id, mechanism_score.municipality_id
),
cycle as (
    select count(*) as components
    from run_rule
    where run_rule.run_id = :run_id
        and run_rule.measure = :measure
        and run_rule.rule = 'components'
),
acceptance as (
    select delivery.municipality_id, min(phase_run.as_of) as sent_on
    from delivery
    join phase_run on phase_run.run_id = delivery.run_id
    join delivery_event
        on delivery_event.delivery_id = delivery.delivery_id
        and delivery_event.to_state = 'accepted'
    cross join cycle
    join scored
        on scored.run_id = delivery.run_id
        and scored.municipality_id = delivery.municipality_id
        and scored.components >= cycle.components
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
    case
        when scored.components is null then 'check_list'
        when scored.components < cycle.components then 'incomplete'
        else 'municipality'
    end as unit_kind,
    run_municipality.municipality_id as unit,
    acceptance.sent_on as met_on,
    case when scored.components is null then 0 else 1 end as is_known
from run_municipality
cross join cycle
left join scored
    on scored.run_id = :run_id
    and scored.municipality_id = run_municipality.municipality_id
left join acceptance on acceptance.municipality_id = run_municipality.municipality_id
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
