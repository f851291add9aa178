-- T0: keep the frozen bytes of one letter; the same letter planned again changes nothing.
insert into message (message_id, municipality_id, sha256, rfc822, created_ms)
values (:message_id, :municipality_id, :payload_sha256, :rfc822, :now_ms)
on conflict (message_id) do nothing
