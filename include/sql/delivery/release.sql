-- T18: given back untouched: stopped, or the mail server serves nobody now. It waits behind the
-- others: a refusal that only seems to be about us all must not hold them up.
update delivery
set state = 'ready',
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
