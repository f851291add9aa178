-- From which day may a municipality's document rest on its recommendations? The day that the
-- check-list states, else the as-of date of the phase whose accepted letter carried them: as
-- include/sql/indicators/municipal_acts_amended counts.

select
    mechanism_score.municipality_id,
    coalesce(max(mechanism_score.recommended_on), min(letter.sent_on)) as recommended_on
from mechanism_score
join run_batch
    on run_batch.batch_id = mechanism_score.batch_id
    and run_batch.run_id = :run_id
left join (
    select delivery.municipality_id, phase_run.as_of as sent_on
    from delivery
    join phase_run on phase_run.run_id = delivery.run_id
    join delivery_event
        on delivery_event.delivery_id = delivery.delivery_id
        and delivery_event.to_state = 'accepted'
    where delivery.mode = 'live'
        and delivery.run_id <> :run_id
        and phase_run.plan_year = :plan_year
        and phase_run.phase = :phase
        and phase_run.as_of <= :as_of
        and delivery_event.at_ms <= :known_at_ms
        and not exists (
            select 1
            from delivery_event as bounce
            where bounce.delivery_id = delivery.delivery_id
                and bounce.to_state = 'bounced'
                and bounce.at_ms <= :known_at_ms
        )
        and exists (
            select 1
            from mechanism_score as told
            join run_batch as frozen on frozen.batch_id = told.batch_id
            where frozen.run_id = delivery.run_id
                and told.municipality_id = delivery.municipality_id
        )
) letter
    on letter.municipality_id = mechanism_score.municipality_id
group by mechanism_score.municipality_id
