-- I10: whose events do not tell how it came to its present version, state and epoch? Each event
-- must begin where the one before it ended, the first at 'new'.
select delivery.delivery_id
from delivery
left join delivery_event on delivery_event.delivery_id = delivery.delivery_id
left join delivery_event as previous
    on previous.delivery_id = delivery_event.delivery_id
    and previous.seq = delivery_event.seq - 1
group by delivery.delivery_id, delivery.version, delivery.state, delivery.send_epoch
having count(delivery_event.seq) <> delivery.version
    or coalesce(max(delivery_event.seq), 0) <> delivery.version
    or coalesce(
        max(case when delivery_event.seq = delivery.version then delivery_event.to_state end), ''
    ) <> delivery.state
    or coalesce(
        max(case when delivery_event.seq = delivery.version then delivery_event.send_epoch end), 0
    ) <> delivery.send_epoch
    or max(
        case when delivery_event.from_state <> coalesce(previous.to_state, 'new') then 1 else 0 end
    ) = 1
order by delivery.delivery_id
