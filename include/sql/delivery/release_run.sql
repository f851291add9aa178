-- A run lets its letters go: those it planned, and those of runs before it that it found good.
-- No new state, so no version and no event.
update delivery
set released_ms = :now_ms
where released_ms is null
    and (
        run_id = :run_id
        or delivery_id in (
            select run_outcome.delivery_id
            from run_outcome
            where run_outcome.run_id = :run_id
                and run_outcome.delivery_id is not null
        )
    )
