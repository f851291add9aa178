-- Is sending stopped because the database was put back from a copy?
select count(*) as is_restored
from control
where k = 'sending_enabled'
    and v <> '1'
    and (
        select action
        from control_event
        where action in ('stop', 'restored')
        order by at_ms desc, event_id desc
        limit 1
    ) = 'restored'
