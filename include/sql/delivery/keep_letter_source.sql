-- T0: keep what a letter is made from; the same letter planned again changes nothing.
insert into letter_source (
    delivery_id, plan_sha256, templates_sha256, report_sha256, code_version, envelope
)
values (
    :delivery_id, :plan_sha256, :templates_sha256, :report_sha256, :code_version, :envelope
)
on conflict (delivery_id) do nothing
