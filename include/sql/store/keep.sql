-- Keep a plan, templates or a report under its hash; the same once more changes nothing.
insert into kept (sha256, what, content)
values (:sha256, :what, :content)
on conflict (sha256) do nothing
