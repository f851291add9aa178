-- The letters of an occasion wait until a person says to go on.
insert into paused_occasion (occasion, mode, reason, paused_ms, actor)
values (:occasion, :mode, :reason, :now_ms, :actor)
on conflict (occasion, mode) do nothing
