-- I10: whose events do not tell how it came to its present version and state?
select delivery.delivery_id
from delivery
left join delivery_event on delivery_event.delivery_id = delivery.delivery_id
group by delivery.delivery_id, delivery.version, delivery.state
having count(delivery_event.seq) <> delivery.version
    or coalesce(max(delivery_event.seq), 0) <> delivery.version
    or coalesce(
        max(case when delivery_event.seq = delivery.version then delivery_event.to_state end), ''
    ) <> delivery.state
order by delivery.delivery_id
