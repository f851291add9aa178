-- T11: the sender died at the final dot: nobody knows.
update delivery
set state = 'unknown',
    last_detail = :detail,
    claim_token = null,
    claimed_by = null,
    lease_until_ms = null,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
    and lease_until_ms < :now_ms
