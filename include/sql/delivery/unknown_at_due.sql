-- Of how many of the participants' measures that fall due on this day is something not known?
-- Of a measure with several indicators one may be unknown while another says that work goes on.
-- An indicator's code is its measure's number and one more: «1.2.1» is none of measure «1».
select count(*)
from measure_status
where run_id = :run_id
    and due = :due
    and municipality_id <> 'region'
    and (
        status = 'no_data'
        or exists (
            select 1
            from indicator_result
            where indicator_result.run_id = measure_status.run_id
                and indicator_result.municipality_id = measure_status.municipality_id
                and indicator_result.indicator like measure_status.measure || '.%'
                and indicator_result.indicator not like measure_status.measure || '.%.%'
                and indicator_result.status = 'no_data'
        )
    )
