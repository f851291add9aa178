-- The mail server's last rest, if letters that were there in it still wait for it to be tried.
select
    relay.open_until_ms,
    relay.reason
from relay
where relay.open_until_ms is not null
    and exists (
        select 1
        from delivery
        join delivery_event as planned
            on planned.delivery_id = delivery.delivery_id
            and planned.seq = 1
        where delivery.mode <> 'dry'
            and delivery.state in ('ready', 'retry', 'claimed')
            and planned.at_ms < relay.open_until_ms
    )
