-- T7: the reply to the final dot was lost; only evidence or a person settles it.
update delivery
set state = 'unknown',
    last_code = :code,
    last_detail = :detail,
    claim_token = null,
    claimed_by = null,
    lease_until_ms = null,
    version = version + 1,
    -- A clock that is behind for a moment must not bring the time nearer when it may be resent.
    updated_ms = case when updated_ms > :now_ms then updated_ms else cast(:now_ms as bigint) end
where delivery_id = :delivery_id
    and state = :from_state
    and claim_token = :claim_token
