-- Which recipients of an addressee are valid now?
update recipient
set active = case when recipient_id in :recipients then 1 else 0 end
where municipality_id = :municipality_id
