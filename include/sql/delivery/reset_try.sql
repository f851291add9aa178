-- A letter's next try is due: its moment was written by a wrong clock.
update delivery
set not_before_ms = :now_ms
where state in ('held', 'ready', 'retry')
    and not_before_ms > :farthest_ms
