-- I9: one more transmission of the day; the table's check refuses what is over the cap.
insert into send_fuse (scope, day, n, cap)
values (:scope, :day, 1, :cap)
on conflict (scope, day) do update set n = send_fuse.n + 1, cap = excluded.cap
