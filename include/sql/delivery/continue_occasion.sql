-- A person says to go on.
delete from paused_occasion
where occasion = :occasion
    and mode = :mode
