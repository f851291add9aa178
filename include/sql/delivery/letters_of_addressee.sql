-- Every letter of this occasion and mode to one addressee, oldest revision first, and whether
-- its recipient may still be written to.
select
    delivery.delivery_id,
    delivery.recipient_id,
    delivery.revision,
    delivery.message_id,
    delivery.state,
    delivery.run_id,
    delivery.reason,
    delivery.attempts,
    delivery.not_before_ms,
    delivery.expires_ms,
    delivery.last_code,
    delivery.last_detail,
    recipient.active
from delivery
join recipient on recipient.recipient_id = delivery.recipient_id
where delivery.occasion = :occasion
    and delivery.mode = :mode
    and delivery.municipality_id = :municipality_id
order by delivery.revision, delivery.recipient_id
