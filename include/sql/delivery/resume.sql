-- An exhausted letter is tried anew, because a person ran the phase again.
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
