-- What became of each recipient of the run, and how does the letter stand now?
select
    run_outcome.municipality_id,
    run_outcome.recipient_id,
    run_outcome.outcome,
    run_outcome.reason,
    delivery.delivery_id,
    delivery.message_id,
    delivery.revision,
    delivery.state,
    delivery.last_code,
    delivery.last_detail,
    delivery.not_before_ms,
    delivery.updated_ms,
    accepted.at_ms as accepted_ms
from run_outcome
left join delivery on delivery.delivery_id = run_outcome.delivery_id
left join delivery_event as accepted
    on accepted.delivery_id = delivery.delivery_id
    and accepted.to_state = 'accepted'
where run_outcome.run_id = :run_id
order by run_outcome.municipality_id, run_outcome.recipient_id
