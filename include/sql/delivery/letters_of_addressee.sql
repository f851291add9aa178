-- Every letter of this occasion and mode to one addressee, oldest revision first.
select
    delivery_id,
    recipient_id,
    revision,
    message_id,
    state,
    run_id,
    reason,
    attempts,
    not_before_ms,
    expires_ms,
    last_code,
    last_detail
from delivery
where occasion = :occasion
    and mode = :mode
    and municipality_id = :municipality_id
order by revision, recipient_id
