-- Why was sending stopped last: by a person, or because the database was put back from a copy?
-- A stop of a moment to come was written while the clock was wrong: any other is later.
select action, actor, reason, at_ms
from control_event
where action in ('stop', 'restored')
order by
    case when at_ms > :now_ms + 60000 then 1 else 0 end,
    at_ms desc,
    event_id desc
limit 1
