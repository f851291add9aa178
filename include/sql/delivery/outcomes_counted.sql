-- How many recipients of the run are to get a letter, have the same content, or get none?
select outcome, count(*) as recipients
from run_outcome
where run_id = :run_id
group by outcome
