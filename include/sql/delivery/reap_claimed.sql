-- T10: the sender died before the final dot: the letter surely did not go out.
update delivery
set state = 'retry',
    send_epoch = send_epoch + 1,
    not_before_ms = :now_ms,
    last_detail = :detail,
    claim_token = null,
    claimed_by = null,
    lease_until_ms = null,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
    and lease_until_ms < :now_ms
