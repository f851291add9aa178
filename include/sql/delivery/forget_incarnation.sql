-- D4: no receipts are kept beside this database any more.
delete from control
where k = 'incarnation'
