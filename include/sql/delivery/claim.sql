-- T2: one sender takes the letter, for the time of its lease.
update delivery
set state = 'claimed',
    claim_token = :claim_token,
    claimed_by = :actor,
    lease_until_ms = :lease_until_ms,
    attempts = attempts + 1,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
    and (run_id is null or released_ms is not null)
    and not_before_ms <= :now_ms
    and expires_ms > :now_ms
