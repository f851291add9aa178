-- The addressee's outcomes are about to be said anew, whole.
delete from run_outcome
where run_id = :run_id
    and municipality_id = :municipality_id
