-- One unit per participating municipality. Sent is a letter that carries recommendations
-- (include/sql/analysis/recommendations.sql), of this very run too: it is sent after the run froze
-- its inputs. The fact carries the as-of date of the phase run that made the letter.
-- The ledger is our own and always knows; of a municipality without its check-list nothing is known.

with acceptance as (
    select delivery.municipality_id, phase_run.as_of as sent_on
    from delivery
    join phase_run on phase_run.run_id = delivery.run_id
    where delivery.run_id = :run_id
        and delivery.mode = 'live'
        and phase_run.phase = :phase
        and exists (
            select 1
            from delivery_event
            where delivery_event.delivery_id = delivery.delivery_id
                and delivery_event.to_state = 'accepted'
        )
        and not exists (
            select 1
            from delivery_event as bounce
            where bounce.delivery_id = delivery.delivery_id
                and bounce.to_state = 'bounced'
        )
    group by delivery.municipality_id, phase_run.as_of
)
select
    run_municipality.municipality_id,
    case
        when run_recommendation.is_whole is null then 'check_list'
        when run_recommendation.is_whole = 0 then 'incomplete'
        else 'municipality'
    end as unit_kind,
    run_municipality.municipality_id as unit,
    case
        when run_recommendation.sent_on is not null then run_recommendation.sent_on
        when run_recommendation.is_whole = 1 then acceptance.sent_on
    end as met_on,
    case when run_recommendation.is_whole is null then 0 else 1 end as is_known
from run_municipality
left join run_recommendation
    on run_recommendation.run_id = run_municipality.run_id
    and run_recommendation.measure = :measure
    and run_recommendation.municipality_id = run_municipality.municipality_id
left join acceptance on acceptance.municipality_id = run_municipality.municipality_id
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
