-- Which live letters wait, though their recipient is no longer valid? Nobody may claim them.
select
    delivery.delivery_id,
    delivery.state
from delivery
join recipient
    on recipient.recipient_id = delivery.recipient_id
    and recipient.municipality_id = delivery.municipality_id
where delivery.mode = 'live'
    and delivery.state in ('held', 'ready', 'retry')
    and recipient.active = 0
order by delivery.delivery_id
