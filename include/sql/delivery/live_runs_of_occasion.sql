-- Which runs wrote to addressees on this occasion, the newest first?
select run_id
from phase_run
where occasion = :occasion
    and mode = 'live'
order by started_ms desc, run_id
