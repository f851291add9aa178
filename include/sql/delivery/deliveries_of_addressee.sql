-- Every letter of this occasion and mode to one addressee, oldest revision first,
-- with the moment of acceptance, the state it was cancelled from, and whether it waits too late.
-- What was accepted by proof went out when it was marked in doubt, not when the proof was found.
select
    delivery.delivery_id,
    delivery.recipient_id,
    delivery.revision,
    delivery.content_sha256,
    delivery.state,
    delivery.run_id,
    delivery.last_code,
    delivery.last_detail,
    last_event.phase as last_phase,
    case
        when delivery.state in ('held', 'ready', 'retry') and delivery.expires_ms <= :now_ms then 1
        else 0
    end as is_late,
    case
        when delivery.accepted_via = 'evidence' then coalesce(marked.at_ms, accepted.at_ms)
        else accepted.at_ms
    end as accepted_ms,
    cancelled.from_state as cancelled_from
from delivery
left join delivery_event as last_event
    on last_event.delivery_id = delivery.delivery_id
    and last_event.seq = delivery.version
left join delivery_event as accepted
    on accepted.delivery_id = delivery.delivery_id
    and accepted.to_state = 'accepted'
left join (
    select delivery_id, max(at_ms) as at_ms
    from delivery_event
    where to_state = 'in_doubt'
    group by delivery_id
) as marked on marked.delivery_id = delivery.delivery_id
left join delivery_event as cancelled
    on cancelled.delivery_id = delivery.delivery_id
    and cancelled.to_state = 'cancelled'
where delivery.occasion = :occasion
    and delivery.mode = :mode
    and delivery.municipality_id = :municipality_id
order by delivery.revision, delivery.recipient_id
