-- T15: not to be sent, because the recipient is no longer valid, if that is still so.
update delivery
set state = 'cancelled',
    last_detail = :detail,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
    and exists (
        select 1
        from recipient
        where recipient.recipient_id = delivery.recipient_id
            and recipient.municipality_id = delivery.municipality_id
            and recipient.active = 0
    )
