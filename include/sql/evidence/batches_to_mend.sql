-- Which files were refused, left rows in quarantine, have no marks for want of a scale, speak of
-- another thing than before or lie under another name now (an empty batch is in the place of what
-- they said)? Of one plan and dataset, or of all ('', ''); only those that nobody was told of yet, or
-- those that were told, too.
-- Not those in whose place another came since, nor those that a person left aside; of those that
-- were told not what was refused and has been taken away.
-- One row per load batch.

select load_batch.batch_id
from load_batch
where (:are_told_too = 1 or load_batch.told_ms is null)
    and (:plan_code = '' or load_batch.plan_code = :plan_code)
    and (:dataset = '' or load_batch.dataset = :dataset)
    and (
        load_batch.state = 'refused'
        or load_batch.rows_rejected > 0
        or exists (
            select 1
            from load_warning
            where load_warning.batch_id = load_batch.batch_id
                and load_warning.code is not null
        )
    )
    and (
        :are_told_too = 0
        or load_batch.state = 'accepted'
        or exists (
            select 1
            from lying_file
            where lying_file.batch_id = load_batch.batch_id
        )
    )
    and not exists (
        select 1
        from load_batch later
        where later.plan_code = load_batch.plan_code
            and later.dataset = load_batch.dataset
            and later.state = 'accepted'
            and later.loaded_ms > load_batch.loaded_ms
            and (
                later.scope = load_batch.scope
                or later.file_name = load_batch.file_name
                or (later.sha256 = load_batch.sha256 and later.size_bytes > 0)
            )
    )
    and not exists (
        select 1
        from held_file_decision
        where held_file_decision.batch_id = load_batch.batch_id
            and held_file_decision.decision = 'keep'
    )
order by load_batch.batch_id
