-- Which addressees have no address on the as-of date?
select run_municipality.municipality_id, run_municipality.name
from run_municipality
where run_municipality.run_id = :run_id
    and (run_municipality.is_participating = 1 or run_municipality.municipality_id = 'region')
    and not exists (
        select 1
        from contact
        join run_batch
            on run_batch.batch_id = contact.batch_id
            and run_batch.run_id = :run_id
        where contact.municipality_id = run_municipality.municipality_id
            and contact.valid_from <= :as_of
            and (contact.valid_to is null or contact.valid_to >= :as_of)
    )
order by run_municipality.municipality_id
