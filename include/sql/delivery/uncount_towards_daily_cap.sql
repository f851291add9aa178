-- I9: that transmission of the day was refused for something of ours, so it counts for nobody.
update send_fuse
set n = n - 1
where scope = :scope
    and day = :day
    and n > 0
