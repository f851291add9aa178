-- Which contacts are of an addressee that the registry does not know?
select
    contact.municipality_id as ref,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    contact.sheet,
    contact.row
from contact
join run_batch
    on run_batch.batch_id = contact.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = contact.batch_id
where not exists (
    select 1
    from run_municipality
    where run_municipality.run_id = :run_id
        and run_municipality.municipality_id = contact.municipality_id
)
order by contact.row
