-- T4: the mail server answered 2xx and took responsibility (RFC 5321, 6.1).
update delivery
set state = 'accepted',
    accepted_via = 'reply',
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
