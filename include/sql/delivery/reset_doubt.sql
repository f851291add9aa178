-- A doubt is of now: it was written by a wrong clock, and nobody could decide to send again.
update delivery
set updated_ms = :now_ms
where state = 'unknown'
    and updated_ms > :farthest_ms
