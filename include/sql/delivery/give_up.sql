-- T14: a person decided not to send again and not to know.
update delivery
set state = 'cancelled',
    last_detail = :detail,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
