-- T13: a person decided that it did not go out; not before a quarter of an hour has passed.
update delivery
set state = 'retry',
    send_epoch = send_epoch + 1,
    attempts = 0,
    not_before_ms = :now_ms,
    expires_ms = :expires_ms,
    last_detail = :detail,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
    and updated_ms <= :now_ms - 900000
