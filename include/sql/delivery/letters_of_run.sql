-- Which letters did a run plan, to whom, with which bytes, and what were they made from?
-- One row per letter; null stands where a letter was planned before its sources were kept.
select
    delivery.delivery_id,
    delivery.municipality_id,
    delivery.revision,
    recipient.addr,
    message.rfc822,
    letter_source.plan_sha256,
    letter_source.templates_sha256,
    letter_source.report_sha256,
    letter_source.envelope
from delivery
join recipient on recipient.recipient_id = delivery.recipient_id
join message on message.message_id = delivery.message_id
left join letter_source on letter_source.delivery_id = delivery.delivery_id
where delivery.run_id = :run_id
    and (delivery.municipality_id = :municipality_id or :municipality_id = '')
order by delivery.municipality_id, delivery.recipient_id, delivery.revision
