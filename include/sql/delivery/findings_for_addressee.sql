-- What was in doubt when the run was frozen: all that is about one addressee, and every file
-- that was refused, with the file it is about.
select
    run_finding.rule,
    run_finding.municipality_id,
    run_finding.dataset,
    run_finding.message,
    load_batch.file_name,
    load_batch.scope,
    load_batch.received_ms
from run_finding
left join load_batch on load_batch.batch_id = run_finding.batch_id
where run_finding.run_id = :run_id
    and (run_finding.municipality_id = :municipality_id or run_finding.rule = 'FILE_REFUSED')
order by run_finding.rule, run_finding.dataset, load_batch.file_name, run_finding.message
