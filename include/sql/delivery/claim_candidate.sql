-- T2: which letter of the scope is due next, and in which state was it seen?
-- A recipient who is no longer valid gets no live letter; in a test letter the address is
-- only shown. Nobody claims while sending is switched off, while the mail server is given a
-- rest (a dry letter needs none), or from an occasion that is paused; nor before the letter's run
-- has let it go. That sending is off the operator is told, but not what he may have been told
-- before the database was put back.
select delivery_id, state
from delivery
where state in ('ready', 'retry')
    and (run_id is null or released_ms is not null)
    and not_before_ms <= :now_ms
    and expires_ms > :now_ms
    and (cast(:occasion as text) is null or occasion = :occasion)
    and (cast(:mode as text) is null or mode = :mode)
    and (:every_municipality = 1 or municipality_id in :municipalities)
    and (
        mode <> 'live'
        or exists (
            select 1
            from recipient
            where recipient.recipient_id = delivery.recipient_id
                and recipient.municipality_id = delivery.municipality_id
                and recipient.active = 1
        )
    )
    and (
        exists (select 1 from control where k = 'sending_enabled' and v = '1')
        or (
            mode = 'operator'
            and not exists (
                select 1
                from control_event
                join message on message.created_ms <= control_event.at_ms
                where control_event.action = 'restored'
                    and message.message_id = delivery.message_id
            )
        )
    )
    and (mode = 'dry' or not exists (select 1 from relay where open_until_ms > :now_ms))
    and not exists (
        select 1
        from paused_occasion
        where paused_occasion.occasion = delivery.occasion
            and paused_occasion.mode = delivery.mode
    )
order by not_before_ms, delivery_id
limit 1
