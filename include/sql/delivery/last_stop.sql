-- Why was sending stopped last: by a person, or because the database was put back from a copy?
select action, actor, reason, at_ms
from control_event
where action in ('stop', 'restored')
order by at_ms desc, event_id desc
limit 1
