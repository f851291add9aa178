-- Which letters did a run plan, to whom, with which bytes, and what were they made from?
-- One row per letter; null stands where it was planned before its sources, or programs, were kept.
select
    delivery.delivery_id,
    delivery.municipality_id,
    delivery.revision,
    recipient.addr,
    message.rfc822,
    letter_source.plan_sha256,
    letter_source.templates_sha256,
    letter_source.report_sha256,
    program.sha256 as program_sha256,
    letter_source.envelope
from delivery
join recipient on recipient.recipient_id = delivery.recipient_id
join message on message.message_id = delivery.message_id
left join letter_source on letter_source.delivery_id = delivery.delivery_id
left join kept as program
    on program.what = 'program'
    and substr(program.sha256, 1, 12) = letter_source.code_version
where delivery.run_id = :run_id
    and (delivery.municipality_id = :municipality_id or :municipality_id = '')
order by delivery.municipality_id, delivery.recipient_id, delivery.revision
