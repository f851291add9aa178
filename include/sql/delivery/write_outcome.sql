-- What became of one expected recipient in this run; the newest word counts.
insert into run_outcome (run_id, municipality_id, recipient_id, outcome, reason, delivery_id)
values (:run_id, :municipality_id, :recipient_id, :outcome, :reason, :delivery_id)
on conflict (run_id, municipality_id, recipient_id) do update
set outcome = excluded.outcome,
    reason = excluded.reason,
    delivery_id = excluded.delivery_id
