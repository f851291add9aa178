-- The mail server's rest is over: its end was written by a wrong clock.
update relay
set open_until_ms = null,
    reason = null,
    updated_ms = :now_ms
where open_until_ms > :farthest_ms
