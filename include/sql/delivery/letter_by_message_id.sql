-- Which letter has this Message-ID, how does it stand, and can its recipient still be written to?
-- The phase `settle` of its last event says that a person brought it there. `newer`: a later
-- revision to the same recipient, if there is one.
select
    delivery.delivery_id,
    delivery.occasion,
    delivery.mode,
    delivery.municipality_id,
    delivery.revision,
    delivery.state,
    delivery.updated_ms,
    delivery.run_id,
    municipality.name,
    recipient.active,
    delivery.last_code,
    delivery.last_detail,
    last_event.phase as last_phase,
    last_event.from_state as last_from,
    (
        select max(other.revision)
        from delivery as other
        where other.occasion = delivery.occasion
            and other.mode = delivery.mode
            and other.municipality_id = delivery.municipality_id
            and other.recipient_id = delivery.recipient_id
            and other.revision > delivery.revision
    ) as newer
from delivery
join municipality on municipality.municipality_id = delivery.municipality_id
join recipient
    on recipient.recipient_id = delivery.recipient_id
    and recipient.municipality_id = delivery.municipality_id
left join delivery_event as last_event
    on last_event.delivery_id = delivery.delivery_id
    and last_event.seq = delivery.version
where delivery.message_id = :message_id
