import hashlib
import html
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import support.report_models as factory
from roadmap.reports import model as m
from roadmap.reports.checks.leak import RegistrySchool
from roadmap.reports.formats.letter import Envelope
from roadmap.reports.package import Package, PackageHeld, _write_whole, render_package
from support.analysis_rows import march_model
from support.plans import whole_plan

ENVELOPE = Envelope(
    1, None, (), None, datetime(2021, 3, 31, 7, 5, tzinfo=UTC), whole_plan().local_time
)
REGISTRY = (
    RegistrySchool("s101", "neya", "Школа № 101 (условная)", "440101", None),
    RegistrySchool("s900", "buy", "Дальняя школа (условная)", "440900", None),
)


def _render(model: m.ReportModel, folder: Path) -> Package:
    return render_package(model, ENVELOPE, folder, "run-1", REGISTRY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def package(folder: Path) -> Package:
    return _render(factory.make_model(), folder)


def test_a_package_holds_the_letter_four_formats_and_a_page_per_school(package: Package) -> None:
    assert [(file.kind, file.file_name) for file in package.files] == [
        ("html", "Письмо_500+_Нейский_МР_2021-03.html"),
        ("text", "Письмо_500+_Нейский_МР_2021-03.txt"),
        ("pdf", "Справка_500+_Нейский_МР_2021-03.pdf"),
        ("docx", "Справка_500+_Нейский_МР_2021-03.docx"),
        ("xlsx", "Приложение_500+_Нейский_МР_2021-03.xlsx"),
        ("school_pdf", "Школа_101_500+_2021-03.pdf"),
    ]


def test_files_lie_under_their_own_hash(package: Package, folder: Path) -> None:
    for file in package.files:
        content = folder.joinpath(file.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256
        assert len(content) == file.size_bytes
        assert file.path.startswith("2021/march_analysis/neya/")
        assert file.sha256 in file.path


def test_the_letter_names_the_files_it_brings(package: Package) -> None:
    for file in package.files[2:]:
        assert file.file_name in package.letter.html
        assert file.file_name in package.letter.text
    pages = next(file.pages for file in package.files if file.kind == "pdf")
    assert f"{pages}\u00a0л." in html.unescape(package.letter.html)


def test_rendering_again_gives_the_same_package(package: Package, folder: Path) -> None:
    assert _render(factory.make_model(), folder) == package
    assert len(list(folder.rglob("*.*"))) == len(package.files)


def test_a_file_spoiled_on_disk_is_written_anew(tmp_path: Path) -> None:
    first = _render(factory.make_model(), tmp_path)
    spoiled = tmp_path / first.files[2].path
    spoiled.write_bytes(b"half")
    _render(factory.make_model(), tmp_path)
    assert hashlib.sha256(spoiled.read_bytes()).hexdigest() == first.files[2].sha256


def test_a_foreign_school_holds_the_package_and_writes_nothing(tmp_path: Path) -> None:
    model = m.ReportModel.model_validate_json(
        factory.make_model().model_dump_json().replace("Школа № 103", "Дальняя школа")
    )
    with pytest.raises(PackageHeld) as held:
        _render(model, tmp_path)
    assert len(held.value.reasons) == 5  # HTML, text, DOCX, PDF, XLSX; not the page of № 101
    assert all("s900" in reason for reason in held.value.reasons)
    assert list(tmp_path.iterdir()) == []


def test_a_figure_that_differs_holds_the_package(tmp_path: Path) -> None:
    model = factory.make_model()
    figure = model.key_figures[0].model_copy(
        update={"value": m.Share(numerator=14, denominator=38)}
    )
    changed = model.model_copy(update={"key_figures": (figure,)})
    with pytest.raises(PackageHeld, match="разошлось"):
        _render(changed, tmp_path)


def test_a_letter_too_long_for_mail_programs_is_held_and_not_cut(tmp_path: Path) -> None:
    model = factory.make_model()
    long = model.letter.model_copy(update={"lead": ("слово " * 20_000,)})
    with pytest.raises(PackageHeld, match="обрежут"):
        _render(model.model_copy(update={"letter": long}), tmp_path)


def test_file_names_are_safe_and_unlike_each_other(tmp_path: Path) -> None:
    model = factory.make_model()
    page = model.schools[0]
    names = [
        "../../etc/passwd (условная)",
        "Школа № 101",
        "школа №101 (условная)",
        "\u202e:*?",
        "Ш" * 300,
    ]
    schools = tuple(
        page.model_copy(update={"school_id": f"s{number}", "name": name})
        for number, name in enumerate(names)
    )
    package = _render(model.model_copy(update={"schools": schools}), tmp_path)
    shown = [file.file_name for file in package.files if file.kind == "school_pdf"]
    assert shown == [
        "etc_passwd_500+_2021-03.pdf",
        "Школа_101_500+_2021-03.pdf",
        "школа_101_2_500+_2021-03.pdf",
        "s3_500+_2021-03.pdf",
        f"{'Ш' * 60}_500+_2021-03.pdf",
    ]


def test_a_test_letter_and_a_live_one_bring_the_same_files(tmp_path: Path) -> None:
    live = _render(factory.make_model(), tmp_path)
    test = render_package(
        factory.make_model(),
        replace(ENVELOPE, test_addressee="Буйский муниципальный район"),
        tmp_path,
        "run-1",
        REGISTRY,
    )
    assert test.files[2:] == live.files[2:]
    assert test.letter != live.letter


@pytest.mark.parametrize("name", ["buyskiy", "neyskiy", "region"])
def test_the_march_packages_pass_their_own_checks(name: str, tmp_path: Path) -> None:
    model = march_model(name)
    foreign = RegistrySchool("s900", "elsewhere", "Дальняя школа (условная)", "440900", None)
    package = render_package(model, ENVELOPE, tmp_path, "run-1", (foreign,))
    pages = {file.part: file.pages for file in package.files if file.kind == "school_pdf"}
    assert pages == {school.school_id: 1 for school in model.schools}


def test_two_runs_may_write_and_read_one_file_at_once(tmp_path: Path) -> None:
    """Content decides the name: another run writes the very file that this one reads."""
    target = tmp_path / "same.pdf"
    content = b"x" * 4_000_000
    _write_whole(target, content)
    writers = [threading.Thread(target=_write_whole, args=(target, content)) for _ in range(8)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert target.stat().st_size == len(content)
    assert [path.name for path in tmp_path.iterdir()] == ["same.pdf"]
