-- T12: found on the mail server's side: it had gone out.
update delivery
set state = 'accepted',
    accepted_via = 'evidence',
    last_detail = :detail,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
