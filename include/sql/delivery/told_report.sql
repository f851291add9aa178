-- What did a letter of this content tell its addressee?
select model
from told_report
where municipality_id = :municipality_id
    and content_sha256 = :content_sha256
