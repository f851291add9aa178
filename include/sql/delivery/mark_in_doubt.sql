-- T3: the last act before the final dot: from here on the letter may have gone out.
-- No row is changed when the lease was lost or sending is switched off (of which the operator is
-- told, as in claim_candidate).
update delivery
set state = 'in_doubt',
    lease_until_ms = :lease_until_ms,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
    and claim_token = :claim_token
    and lease_until_ms > :now_ms
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
