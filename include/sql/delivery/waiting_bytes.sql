-- Which letters wait to go out, and what would a proof that they went have to fit?
select
    delivery.delivery_id,
    delivery.message_id,
    delivery.send_epoch,
    delivery.payload_sha256,
    substr(message.rfc822, 1, 8192) as head
from delivery
join message on message.message_id = delivery.message_id
where delivery.state in ('ready', 'retry')
order by delivery.delivery_id
