from sqlalchemy import Engine

from roadmap.reports.checks.leak import RegistryMunicipality, RegistrySchool, read_registry
from support.run_rows import RUN_ID, put, put_run


def test_the_registry_knows_all_names_of_a_school_and_whose_it_is_now(any_engine: Engine) -> None:
    """A former name is still the school's; a school that moved is its new municipality's."""
    school = {"valid_from": "2015-01-01", "gia_code": None}
    with any_engine.begin() as db:
        put_run(db)
        put(
            db,
            {
                "run_school": [{"school_id": "s1", "municipality_id": "buy", "name": "Новая"}],
                "school": [
                    school | {"school_id": "s1", "municipality_id": "galich", "name": "Старая",
                              "vpr_login": "440001"},
                    school | {"school_id": "s1", "municipality_id": "buy", "name": "Новая",
                              "vpr_login": "440001", "valid_from": "2020-09-01"},
                    school | {"school_id": "s2", "municipality_id": "neya", "name": "Закрытая",
                              "vpr_login": None, "valid_to": "2019-08-31"},
                    school | {"school_id": "s3", "municipality_id": "neya", "name": "Чужая",
                              "vpr_login": None, "batch_id": "not frozen"},
                ],
            },
        )  # fmt: skip
        registry = read_registry(db, RUN_ID)
    assert sorted(registry, key=lambda one: (one.school_id, one.name)) == [
        RegistrySchool("s1", "buy", "Новая", "440001", None),
        RegistrySchool("s1", "buy", "Старая", "440001", None),
        RegistrySchool("s2", "neya", "Закрытая", None, None),
    ]


def test_the_registry_knows_names_and_contacts_of_municipalities_but_not_the_regions_own(
    any_engine: Engine,
) -> None:
    dated = {"valid_from": "2015-01-01"}
    name = dated | {"genitive": "-"}
    with any_engine.begin() as db:
        put_run(db)
        put(
            db,
            {
                "municipality_name": [
                    name | {"municipality_id": "buy", "name": "Буйский район",
                            "short_name": "Буйский МР"},
                ],
                "contact": [
                    dated | {"municipality_id": "buy", "address": "buy@example.org"},
                    dated | {"municipality_id": "region", "address": "region@example.org"},
                ],
            },
        )  # fmt: skip
        registry = read_registry(db, RUN_ID)
    assert set(registry) == {
        RegistryMunicipality("buy", "Буйский район"),
        RegistryMunicipality("buy", None, "buy@example.org"),
    }
