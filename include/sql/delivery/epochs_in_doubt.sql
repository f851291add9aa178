-- D4: in which epochs was each letter marked in doubt, as this database knows it?
select
    delivery.delivery_id,
    delivery.state,
    delivery.mode,
    delivery_event.send_epoch as epoch_in_doubt
from delivery
left join delivery_event
    on delivery_event.delivery_id = delivery.delivery_id
    and delivery_event.to_state = 'in_doubt'
