-- What does the claimant need to send: the frozen bytes and where they go?
-- `is_shared`: does a letter of another municipality wait for the same mailbox?
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
    exists (
        select 1
        from recipient as other
        join delivery as waiting on waiting.recipient_id = other.recipient_id
        where lower(other.addr) = lower(recipient.addr)
            and other.municipality_id <> recipient.municipality_id
            and other.active = 1
            and waiting.mode = delivery.mode
            and (
                waiting.state in ('held', 'ready', 'claimed', 'retry')
                or waiting.state = 'rejected' and waiting.last_detail = :shared
            )
    ) as is_shared,
    message.rfc822
from delivery
join recipient
    on recipient.recipient_id = delivery.recipient_id
    and recipient.municipality_id = delivery.municipality_id
join message on message.message_id = delivery.message_id
where delivery.delivery_id = :delivery_id
