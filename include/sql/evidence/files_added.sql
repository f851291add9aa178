-- Which held files did a person add to what was in force, by the last decision about each?
-- One row per held file: its batch names the content and what it was held against (evidence.held).
select held_file_decision.batch_id
from held_file_decision
join load_batch on load_batch.batch_id = held_file_decision.batch_id
where load_batch.plan_code = :plan_code
    and held_file_decision.decision = 'add'
    and not exists (
        select 1
        from held_file_decision later
        where later.batch_id = held_file_decision.batch_id
            and later.decided_ms > held_file_decision.decided_ms
    )
