-- These recipients of an addressee are valid, too.
update recipient
set active = 1
where municipality_id = :municipality_id
    and recipient_id in :recipients
