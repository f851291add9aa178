-- The mail server took a letter: what went before is forgotten.
update relay
set failures = 0,
    open_until_ms = null,
    reason = null,
    updated_ms = :now_ms
where relay = 'smtp'
    and failures > 0
