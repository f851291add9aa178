-- What happened to each letter of this occasion and mode to one addressee, in order?
select
    delivery_event.delivery_id,
    delivery_event.at_ms,
    delivery_event.from_state,
    delivery_event.to_state,
    delivery_event.actor,
    delivery_event.phase,
    delivery_event.code,
    delivery_event.detail
from delivery_event
join delivery on delivery.delivery_id = delivery_event.delivery_id
where delivery.occasion = :occasion
    and delivery.mode = :mode
    and delivery.municipality_id = :municipality_id
order by delivery_event.delivery_id, delivery_event.seq
