-- Which recipients of an addressee are valid now?
-- Of a plan only its own contacts speak: whom the newest live run of another plan that decided
-- about the addressee named, stays valid for that plan's letters.
update recipient
set active = case when recipient_id in :recipients then 1 else 0 end
where municipality_id = :municipality_id
    and (
        recipient_id in :recipients
        or recipient_id not in (
            select run_outcome.recipient_id
            from run_outcome
            join phase_run on phase_run.run_id = run_outcome.run_id
            where run_outcome.municipality_id = :municipality_id
                and phase_run.mode = 'live'
                and phase_run.plan_code <> :plan_code
                and not exists (
                    select 1
                    from run_outcome as newer_outcome
                    join phase_run as newer on newer.run_id = newer_outcome.run_id
                    where newer_outcome.municipality_id = :municipality_id
                        and newer.mode = 'live'
                        and newer.plan_code = phase_run.plan_code
                        and newer.started_ms > phase_run.started_ms
                )
        )
    )
