-- The pace over all senders: the next letter may go an interval after the one before.
update relay
set next_slot_ms = :interval_ms
    + case when next_slot_ms > :now_ms then next_slot_ms else cast(:now_ms as bigint) end
where relay = 'smtp'
