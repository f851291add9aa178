-- T19: what the ledger calls waiting may have gone out: the database was put back from a copy,
-- or there is a receipt.
update delivery
set state = 'unknown',
    last_detail = :detail,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
