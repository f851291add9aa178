-- An addressee of letters, under its newest name.
insert into municipality (municipality_id, name)
values (:municipality_id, :name)
on conflict (municipality_id) do update set name = excluded.name
