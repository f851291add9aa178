-- Which letters wait for a person: their outcome is unknown, or the mail server refused them,
-- tries or time ran out, or their address was replaced, and nothing came after?
-- The latter only where somebody can still get the letter: the plan's year is open, no newer
-- letter takes its place, and no later run of the occasion has decided about the addressee
-- without this recipient, as it does when the contact was replaced. A reminder whose day has
-- passed is nobody's to send.
select
    delivery.delivery_id,
    delivery.occasion,
    delivery.mode,
    delivery.revision,
    delivery.send_epoch,
    delivery.state,
    delivery.message_id,
    delivery.last_code,
    delivery.last_detail,
    last_event.phase as last_phase,
    delivery.not_before_ms,
    delivery.expires_ms,
    delivery.updated_ms as doubted_ms,
    1 as is_released,
    1 as is_active,
    0 as is_given_up,
    municipality.name
from delivery
join municipality on municipality.municipality_id = delivery.municipality_id
join phase_run on phase_run.run_id = delivery.run_id
left join delivery_event as last_event
    on last_event.delivery_id = delivery.delivery_id
    and last_event.seq = delivery.version
where delivery.state = 'unknown'
    or (
        delivery.mode = 'live'
        and (
            delivery.state in ('rejected', 'exhausted')
            or (
                delivery.state = 'cancelled'
                and delivery.last_detail in ('expired', 'recipient_replaced')
                and delivery.occasion not like '%/reminder/%'
            )
        )
        and phase_run.plan_code not in :closed_plans
        and not exists (
            select 1
            from delivery as newer
            where newer.occasion = delivery.occasion
                and newer.mode = delivery.mode
                and newer.municipality_id = delivery.municipality_id
                and newer.recipient_id = delivery.recipient_id
                and newer.revision > delivery.revision
        )
        and not exists (
            select 1
            from phase_run as later
            where later.occasion = delivery.occasion
                and later.mode = delivery.mode
                and later.started_ms > phase_run.started_ms
                and exists (
                    select 1
                    from run_outcome
                    where run_outcome.run_id = later.run_id
                        and run_outcome.municipality_id = delivery.municipality_id
                )
                and not exists (
                    select 1
                    from run_outcome
                    where run_outcome.run_id = later.run_id
                        and run_outcome.municipality_id = delivery.municipality_id
                        and run_outcome.recipient_id = delivery.recipient_id
                )
        )
    )
order by delivery.occasion, delivery.mode, municipality.name, delivery.delivery_id
