-- Which files were refused, known at the run's moment, and nothing came in their place since?
select
    refused.batch_id,
    refused.dataset,
    refused.refusal_message as message
from load_batch refused
where refused.plan_year = :plan_year
    and refused.state = 'refused'
    and refused.received_ms <= :known_at_ms
    and not exists (
        select 1
        from load_batch later
        where later.plan_year = refused.plan_year
            and later.dataset = refused.dataset
            and later.state = 'accepted'
            and later.loaded_ms >= refused.loaded_ms
            and later.received_ms <= :known_at_ms
            and (later.scope = refused.scope or later.file_name = refused.file_name)
    )
order by refused.dataset, refused.file_name
