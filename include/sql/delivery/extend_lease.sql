-- A lease made longer: no new state, so no version and no event.
update delivery
set lease_until_ms = :lease_until_ms
where delivery_id = :delivery_id
    and state = 'claimed'
    and claim_token = :claim_token
    and lease_until_ms > :now_ms
