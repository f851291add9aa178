-- T15: not to be sent any more: superseded, planned anew, recipient_inactive, campaign_stopped.
update delivery
set state = 'cancelled',
    last_detail = :detail,
    version = version + 1,
    updated_ms = :now_ms
where delivery_id = :delivery_id
    and state = :from_state
