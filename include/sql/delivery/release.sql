-- T18: given back untouched: stopped, or the mail server serves nobody now.
update delivery
set state = 'ready',
    attempts = attempts - 1,
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
