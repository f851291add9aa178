-- T17: the letter came back after it had been accepted.
update delivery
set state = 'bounced',
    last_detail = :detail,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
