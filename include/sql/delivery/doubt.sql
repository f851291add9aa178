-- T7: the reply to the final dot was lost; only evidence or a person settles it.
update delivery
set state = 'unknown',
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
