-- Keep what a planned letter tells: the run's own report may be composed anew.
insert into told_report (municipality_id, content_sha256, model)
values (:municipality_id, :content_sha256, :model)
on conflict (municipality_id, content_sha256) do nothing
