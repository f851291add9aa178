-- Which datasets, without which no letter is made, did the run not have?
select dataset, state
from run_dataset
where run_id = :run_id
    and need = 'needed'
    and state <> 'received'
order by dataset
