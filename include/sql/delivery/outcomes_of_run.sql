-- outcomes_of_run
-- What became of each recipient of the run, and how does the letter stand now?
-- A letter counts only for the recipient, the occasion and the mode that it is of; where the run
-- sent nothing because the recipient has the same content, it is the newest one that left. What
-- was accepted by proof went out when it was marked in doubt, not when the proof was found.
select
    run_outcome.municipality_id,
    run_outcome.recipient_id,
    run_outcome.outcome,
    run_outcome.reason,
    phase_run.occasion,
    phase_run.mode,
    delivery.delivery_id,
    delivery.message_id,
    delivery.revision,
    delivery.reason as correction_reason,
    delivery.state,
    delivery.last_code,
    delivery.last_detail,
    last_event.phase as last_phase,
    delivery.not_before_ms,
    delivery.expires_ms,
    delivery.updated_ms as doubted_ms,
    delivery.released_ms is not null as is_released,
    recipient.active as is_active,
    given_up.delivery_id is not null as is_given_up,
    case
        when delivery.accepted_via = 'evidence' then coalesce(marked.at_ms, accepted.at_ms)
        else accepted.at_ms
    end as accepted_ms
from run_outcome
join phase_run on phase_run.run_id = run_outcome.run_id
left join delivery
    on delivery.delivery_id = case
        when run_outcome.outcome <> 'suppressed' then run_outcome.delivery_id
        else (
            select sent.delivery_id
            from delivery as sent
            where sent.occasion = phase_run.occasion
                and sent.mode = phase_run.mode
                and sent.municipality_id = run_outcome.municipality_id
                and sent.recipient_id = run_outcome.recipient_id
                and sent.state in ('accepted', 'bounced')
            order by sent.revision desc
            limit 1
        )
    end
    and delivery.occasion = phase_run.occasion
    and delivery.mode = phase_run.mode
    and delivery.municipality_id = run_outcome.municipality_id
    and delivery.recipient_id = run_outcome.recipient_id
left join delivery_event as last_event
    on last_event.delivery_id = delivery.delivery_id
    and last_event.seq = delivery.version
left join recipient on recipient.recipient_id = delivery.recipient_id
left join delivery_event as accepted
    on accepted.delivery_id = delivery.delivery_id
    and accepted.to_state = 'accepted'
left join delivery_event as given_up
    on given_up.delivery_id = delivery.delivery_id
    and given_up.from_state = 'unknown'
    and given_up.to_state = 'cancelled'
left join (
    select delivery_id, max(at_ms) as at_ms
    from delivery_event
    where to_state = 'in_doubt'
    group by delivery_id
) as marked on marked.delivery_id = delivery.delivery_id
where run_outcome.run_id = :run_id
order by run_outcome.municipality_id, run_outcome.recipient_id
