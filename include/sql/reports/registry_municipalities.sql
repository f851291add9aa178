-- By which official names does the run's registry know every municipality, and which addresses
-- are its contacts? One fact a row. All dated names count, and all dated contacts. A short name is
-- that of a town, too, where an institute sits.
select
    municipality_name.municipality_id,
    municipality_name.name,
    null as address
from run_batch
join municipality_name
    on municipality_name.batch_id = run_batch.batch_id
where run_batch.run_id = :run_id
union
select
    contact.municipality_id,
    null,
    contact.address
from run_batch
join contact
    on contact.batch_id = run_batch.batch_id
where run_batch.run_id = :run_id
    and contact.municipality_id <> 'region'
order by 1, 2, 3
