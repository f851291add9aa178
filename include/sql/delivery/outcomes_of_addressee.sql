-- What did the run decide about each recipient of one addressee?
select recipient_id, outcome, reason, delivery_id
from run_outcome
where run_id = :run_id
    and municipality_id = :municipality_id
order by recipient_id
