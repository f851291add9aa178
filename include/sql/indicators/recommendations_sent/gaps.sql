-- To which participating municipalities did the recommendations of a phase not go out?
-- One row per municipality, by the same rules as recommendations_sent.sql.

select
    'municipality' as unit_kind,
    run_municipality.municipality_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as school_id,
    cast(null as integer) as measure,
    cast(null as varchar) as detail
from run_municipality
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
    and not exists (
        select 1
        from delivery
        join phase_run on phase_run.run_id = delivery.run_id
        join delivery_event
            on delivery_event.delivery_id = delivery.delivery_id
            and delivery_event.to_state = 'accepted'
        where delivery.municipality_id = run_municipality.municipality_id
            and delivery.mode = 'live'
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
    )
order by run_municipality.municipality_id
