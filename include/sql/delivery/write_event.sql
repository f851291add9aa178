-- I10: the event of the change that the same transaction has just made.
insert into delivery_event (
    delivery_id, seq, from_state, to_state, send_epoch, at_ms, actor, phase, code, detail
)
select
    delivery_id,
    version,
    cast(:from_state as text),
    state,
    send_epoch,
    cast(:now_ms as bigint),
    cast(:actor as text),
    cast(:phase as text),
    cast(:code as integer),
    cast(:detail as text)
from delivery
where delivery_id = :delivery_id
    and state = :to_state
