-- The next letter may go now: the moment of its turn was written by a wrong clock.
update relay
set next_slot_ms = :now_ms
where next_slot_ms > :farthest_ms
