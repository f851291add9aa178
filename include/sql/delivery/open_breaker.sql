-- Nobody claims a letter before that moment.
update relay
set open_until_ms = :open_until_ms,
    reason = :reason,
    updated_ms = :now_ms
where relay = 'smtp'
