-- T1: a person let the letter go.
update delivery
set state = 'ready',
    approval_id = :approval_id,
    released_ms = coalesce(released_ms, :now_ms),
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
