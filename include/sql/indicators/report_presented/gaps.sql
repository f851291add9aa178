-- To which participating schools was the report of a phase not presented?
-- One row per school, by the same rules as report_presented.sql.

select
    'school' as unit_kind,
    run_municipality.municipality_id,
    cast(null as varchar) as person_id,
    run_school.school_id,
    cast(null as integer) as measure,
    cast(null as varchar) as detail
from run_municipality
join run_school
    on run_school.run_id = run_municipality.run_id
    and run_school.municipality_id = run_municipality.municipality_id
    and run_school.is_participating = 1
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
    and (not exists (
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
    ) or (
        :acknowledgement = 'required'
        and not exists (
            select 1
            from acknowledgement
            join run_batch
                on run_batch.batch_id = acknowledgement.batch_id
                and run_batch.run_id = :run_id
            join load_batch on load_batch.batch_id = run_batch.batch_id
            where acknowledgement.school_id = run_school.school_id
                and load_batch.scope = run_school.municipality_id
                and acknowledgement.phase = :phase
                and acknowledgement.received_on <= :as_of
        )
    ))
order by run_municipality.municipality_id, run_school.school_id
