-- A recipient is immutable: another address is another row; only its validity changes.
insert into recipient (recipient_id, municipality_id, addr, active)
values (:recipient_id, :municipality_id, :address, 1)
on conflict (recipient_id) do nothing
