-- An alarm stands: since now, where it is new; its words are those of now.
insert into alarm (alarm_key, sentence, since_ms)
values (:alarm_key, :sentence, :now_ms)
on conflict (alarm_key) do update set sentence = excluded.sentence
