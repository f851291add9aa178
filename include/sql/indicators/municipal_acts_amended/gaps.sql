-- Which participating municipalities have not amended their legal acts?
-- One row per municipality, by the same rules as municipal_acts_amended.sql.

select
    'municipality' as unit_kind,
    run_municipality.municipality_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as school_id,
    cast(null as integer) as measure,
    cast(null as varchar) as detail
from run_municipality
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
    and not exists (
        select 1
        from municipal_act
        join run_batch
            on run_batch.batch_id = municipal_act.batch_id
            and run_batch.run_id = :run_id
        where municipal_act.municipality_id = run_municipality.municipality_id
            and municipal_act.basis = :basis
            and municipal_act.adopted_on >= :adopted_from
            and municipal_act.adopted_on <= :as_of
            and (:late_counts_as_done = 1 or municipal_act.adopted_on <= :window_ends)
    )
order by run_municipality.municipality_id
