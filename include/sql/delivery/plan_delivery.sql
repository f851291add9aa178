-- T0: write a delivery ahead of any sending; the same key again changes nothing.
insert into delivery (
    delivery_id, occasion, mode, municipality_id, recipient_id, revision, content_sha256,
    reason, message_id, payload_sha256, state, version, not_before_ms, expires_ms,
    updated_ms, run_id
)
values (
    :delivery_id, :occasion, :mode, :municipality_id, :recipient_id, :revision,
    :content_sha256, :reason, :message_id, :payload_sha256, :state, 1, :now_ms,
    :expires_ms, :now_ms, :run_id
)
on conflict (delivery_id) do nothing
