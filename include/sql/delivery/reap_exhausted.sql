-- T16: the sender died before the final dot, and it was the last try that the letter had.
update delivery
set state = 'exhausted',
    last_code = null,
    last_detail = :detail,
    claim_token = null,
    claimed_by = null,
    lease_until_ms = null,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
    and lease_until_ms < :now_ms
