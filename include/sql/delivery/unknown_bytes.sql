-- Which letters' outcome is unknown, and what does a proof have to fit (the head has the Date)?
select
    delivery.delivery_id,
    delivery.message_id,
    delivery.send_epoch,
    delivery.payload_sha256,
    substr(message.rfc822, 1, 8192) as head
from delivery
join message on message.message_id = delivery.message_id
where delivery.state = 'unknown'
order by delivery.delivery_id
