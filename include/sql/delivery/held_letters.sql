-- Which letters of an occasion wait for approval, and which bytes are they?
select delivery_id, payload_sha256
from delivery
where occasion = :occasion
    and mode = :mode
    and state = 'held'
order by delivery_id
