-- T20: what surely did not go out is tried anew by a person's word: an exhausted letter because
-- the phase was run again, a refused one because the cause of the refusal is mended.
update delivery
set state = 'retry',
    send_epoch = send_epoch + 1,
    attempts = 0,
    not_before_ms = :now_ms,
    expires_ms = :expires_ms,
    last_code = null,
    last_detail = :detail,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
