-- Which municipalities have got recommendations, and since when, as this run knows it?
-- Inserts a row per municipality whose check-list is there. Recommendations are given by a whole
-- one: it scores each component that the plan lists. `sent_on` is the as-of date of the first
-- phase whose letter carried them: of a run that had the whole check-list, accepted in live mode
-- by the mail server, and not returned since. Letters of this very run are left out: a task that
-- is cleared after they were sent must find what it found before. `recommended_on` is the day that
-- a whole check-list states, else the day on which they were sent.

insert into run_recommendation (
    run_id, measure, municipality_id, is_whole, sent_on, recommended_on
)
with scored as (
    select
        run_batch.run_id,
        mechanism_score.municipality_id,
        count(distinct mechanism_score.component) as components,
        max(mechanism_score.recommended_on) as stated_on
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
letter as (
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
        and delivery.run_id <> :run_id
        and phase_run.plan_code = :plan_code
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
    group by delivery.municipality_id
)
select
    :run_id,
    :measure,
    scored.municipality_id,
    case when scored.components >= cycle.components then 1 else 0 end,
    letter.sent_on,
    case
        when scored.components >= cycle.components
            then coalesce(scored.stated_on, letter.sent_on)
        else letter.sent_on
    end
from scored
cross join cycle
left join letter on letter.municipality_id = scored.municipality_id
where scored.run_id = :run_id
