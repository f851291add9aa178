-- When was that transmission of the letter marked in doubt?
select at_ms
from delivery_event
where delivery_id = :delivery_id
    and send_epoch = :send_epoch
    and to_state = 'in_doubt'
