-- Of how many of the participants' measures that fall due on this day is nothing known?
select count(*)
from measure_status
where run_id = :run_id
    and due = :due
    and municipality_id <> 'region'
    and status = 'no_data'
