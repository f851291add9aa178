-- T18: refused at the dot for something of ours: it has surely not gone out, waits behind the
-- others, and is a new transmission then; the attempt does not count.
update delivery
set state = 'retry',
    send_epoch = send_epoch + 1,
    attempts = attempts - 1,
    not_before_ms = :not_before_ms,
    last_code = :code,
    last_detail = :detail,
    claim_token = null,
    claimed_by = null,
    lease_until_ms = null,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
    and claim_token = :claim_token
