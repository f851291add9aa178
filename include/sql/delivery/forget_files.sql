-- The addressee's manifest is about to be written anew, whole.
delete from report_file
where run_id = :run_id
    and municipality_id = :municipality_id
