-- A lease is over: its end was written by a wrong clock, and the reaper would never come.
update delivery
set lease_until_ms = :now_ms - 1
where state in ('claimed', 'in_doubt')
    and lease_until_ms > :farthest_ms
