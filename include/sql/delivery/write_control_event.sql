-- Who stopped, paused or restarted what, when and why; rows are only ever added.
insert into control_event (event_id, at_ms, actor, action, scope, reason)
values (:event_id, :now_ms, :actor, :action, :scope, :reason)
