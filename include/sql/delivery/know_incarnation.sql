-- D4: a database has a name of its own from its first use on.
insert into control (k, v)
values ('incarnation', :incarnation)
on conflict (k) do nothing
