-- Which files were refused, known at the run's moment, and nothing came in their place since?
-- Not those that a person left aside.
select
    refused.batch_id,
    refused.dataset,
    refused.refusal_message as message
from load_batch refused
where refused.plan_code = :plan_code
    and refused.state = 'refused'
    and refused.received_ms <= :known_at_ms
    and (refused.loaded_ms <= :known_at_ms or :known_by = 'received')
    and not exists (
        select 1
        from load_batch later
        where later.plan_code = refused.plan_code
            and later.dataset = refused.dataset
            and later.state = 'accepted'
            and later.loaded_ms > refused.loaded_ms
            and later.received_ms <= :known_at_ms
            and (later.loaded_ms <= :known_at_ms or :known_by = 'received')
            and (later.scope = refused.scope or later.file_name = refused.file_name)
    )
    and not exists (
        select 1
        from held_file_decision
        where held_file_decision.batch_id = refused.batch_id
            and held_file_decision.decision = 'keep'
            and held_file_decision.decided_ms = (
                select max(last.decided_ms)
                from held_file_decision last
                where last.batch_id = refused.batch_id
            )
    )
order by refused.dataset, refused.file_name
