-- What became of each recipient of the run, and how does the letter stand now?
-- A letter counts only for the recipient, the occasion and the mode that it is of. What was
-- accepted by evidence went out when it was armed, not when the evidence was found.
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
    case
        when delivery.accepted_via = 'evidence' then coalesce(armed.at_ms, accepted.at_ms)
        else accepted.at_ms
    end as accepted_ms
from run_outcome
join phase_run on phase_run.run_id = run_outcome.run_id
left join delivery
    on delivery.delivery_id = run_outcome.delivery_id
    and delivery.occasion = phase_run.occasion
    and delivery.mode = phase_run.mode
    and delivery.municipality_id = run_outcome.municipality_id
    and delivery.recipient_id = run_outcome.recipient_id
left join delivery_event as accepted
    on accepted.delivery_id = delivery.delivery_id
    and accepted.to_state = 'accepted'
left join (
    select delivery_id, max(at_ms) as at_ms
    from delivery_event
    where to_state = 'in_doubt'
    group by delivery_id
) as armed on armed.delivery_id = delivery.delivery_id
where run_outcome.run_id = :run_id
order by run_outcome.municipality_id, run_outcome.recipient_id
