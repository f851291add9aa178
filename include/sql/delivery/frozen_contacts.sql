-- Who is an addressee of the run, and which addresses of theirs were valid on the as-of date?
-- One row per address; an addressee without one has a row with none.
select
    run_municipality.municipality_id,
    run_municipality.name,
    valid.address
from run_municipality
left join (
    select contact.municipality_id, contact.address
    from contact
    join run_batch
        on run_batch.batch_id = contact.batch_id
        and run_batch.run_id = :run_id
    join phase_run on phase_run.run_id = run_batch.run_id
    where contact.valid_from <= phase_run.as_of
        and (contact.valid_to is null or contact.valid_to >= phase_run.as_of)
) as valid on valid.municipality_id = run_municipality.municipality_id
where run_municipality.run_id = :run_id
    and run_municipality.is_selected = 1
    and (run_municipality.is_participating = 1 or run_municipality.municipality_id = 'region')
order by run_municipality.municipality_id, valid.address
