-- What did a person last decide about the letters of this run's occasion and mode?
-- One row per letter that was decided about.
select
    delivery.delivery_id,
    delivery.municipality_id,
    delivery.recipient_id,
    decided.from_state,
    decided.to_state,
    decided.actor,
    decided.at_ms,
    decided.detail
from phase_run
join delivery
    on delivery.occasion = phase_run.occasion
    and delivery.mode = phase_run.mode
join delivery_event as decided
    on decided.delivery_id = delivery.delivery_id
    and decided.phase = 'settle'
where phase_run.run_id = :run_id
    and not exists (
        select 1
        from delivery_event as later
        where later.delivery_id = decided.delivery_id
            and later.phase = 'settle'
            and later.seq > decided.seq
    )
order by delivery.municipality_id, delivery.recipient_id, delivery.revision
