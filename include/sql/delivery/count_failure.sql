-- One more failure of the mail server in a row. None while it rests: several senders that
-- fail together are one failure.
update relay
set failures = failures + 1,
    updated_ms = :now_ms
where relay = 'smtp'
    and coalesce(open_until_ms, 0) <= :now_ms
