-- What does the claimant need to send: the frozen bytes and where they go?
select
    delivery.delivery_id,
    delivery.occasion,
    delivery.mode,
    delivery.municipality_id,
    delivery.recipient_id,
    delivery.message_id,
    delivery.payload_sha256,
    delivery.attempts,
    delivery.send_epoch,
    delivery.expires_ms,
    recipient.addr as address,
    message.rfc822
from delivery
join recipient
    on recipient.recipient_id = delivery.recipient_id
    and recipient.municipality_id = delivery.municipality_id
join message on message.message_id = delivery.message_id
where delivery.delivery_id = :delivery_id
