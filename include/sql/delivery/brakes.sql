-- What keeps letters back as a whole: the switch, the mail server's rest.
select
    coalesce((select v from control where k = 'sending_enabled'), '0') as sending_enabled,
    (select open_until_ms from relay where relay = 'smtp') as open_until_ms,
    (select reason from relay where relay = 'smtp') as breaker_reason
