-- Which mailboxes do several addressees name as theirs on the run's as-of date? Of all that the
-- frozen contacts know, not only of those that the run writes to. Addresses are kept in ASCII:
-- spellings of one mailbox differ by capitals only (roadmap/mailbox.py).
select lower(contact.address) as mailbox
from contact
join run_batch
    on run_batch.batch_id = contact.batch_id
    and run_batch.run_id = :run_id
join phase_run on phase_run.run_id = run_batch.run_id
where contact.valid_from <= phase_run.as_of
    and (contact.valid_to is null or contact.valid_to >= phase_run.as_of)
group by lower(contact.address)
having count(distinct contact.municipality_id) > 1
