-- T15: not to be sent any more, because its deadline has passed, as two looks agree.
update delivery
set state = 'cancelled',
    last_detail = :detail,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
    and expires_ms <= (select looked_before_ms from relay where looked_ms <= :now_ms)
