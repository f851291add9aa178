-- T1: who let which letters go, when and why.
insert into approval (approval_id, occasion, mode, batch_sha256, decision, reason, n, approved_by, at_ms)
values (:approval_id, :occasion, :mode, :batch_sha256, 'approved', :reason, :n, :actor, :now_ms)
