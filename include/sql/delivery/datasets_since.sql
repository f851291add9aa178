-- Of which of this run's datasets are other files in force than in the run of the last letter?
select run_dataset.dataset
from run_dataset
where run_dataset.run_id = :run_id
    and run_dataset.dataset <> 'contacts'
    and exists (
        select 1
        from run_batch
        join load_batch on load_batch.batch_id = run_batch.batch_id
        where run_batch.run_id = :run_id
            and load_batch.dataset = run_dataset.dataset
            and not exists (
                select 1
                from run_batch as earlier
                where earlier.run_id = :earlier_run_id
                    and earlier.batch_id = run_batch.batch_id
            )
    )
order by run_dataset.dataset
