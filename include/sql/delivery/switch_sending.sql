-- The kill switch: '1' lets letters go, '0' stops every final dot from now on.
update control
set v = :value
where k = 'sending_enabled'
    and v <> :value
