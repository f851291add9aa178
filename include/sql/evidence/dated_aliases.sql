-- How may files write each municipality, and when?
-- One row per spelling and line of the registry.
select
    municipality_alias.alias,
    municipality_alias.municipality_id,
    municipality_alias.valid_from,
    municipality_alias.valid_to
from municipality_alias
join run_batch
    on run_batch.batch_id = municipality_alias.batch_id
    and run_batch.run_id = :run_id
