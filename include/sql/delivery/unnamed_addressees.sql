-- Which addressees does the frozen registry not name, so that nothing may be written to them?
select municipality_id, message
from run_finding
where run_id = :run_id
    and rule = 'MUNICIPALITY_NOT_IN_REGISTRY'
    and municipality_id is not null
order by municipality_id
