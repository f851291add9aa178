"""How much our own code adds to rendering: one package against bare calls of its libraries.

The bare side is what a competent program would do by the libraries' public interface: it gets
everything ready-made (what to draw where, JSON, the body's XML, the cells), puts a chart's shapes
and texts on a matplotlib Figure and saves it as SVG with text as text, calls Typst, pikepdf,
docxtpl, XlsxWriter and css-inline, and reads the files back with pypdfium2, python-calamine and
lxml, as the parity and leak checks do. It checks nothing. Both sides start equally cold.

Times are of the processor, the least of several repeats: what else the machine does adds to both.
"""

from __future__ import annotations

import io
import json
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from roadmap import russian
from roadmap.paths import TEMPLATES
from roadmap.plan.zone import home_time
from roadmap.reports import package
from roadmap.reports.charts import bar, canvas, drawing, pair
from roadmap.reports.checks import reading
from roadmap.reports.checks.leak import Registry, RegistrySchool
from roadmap.reports.formats import docx, letter, pdf, wordml, xlsx
from roadmap.reports.formats.docx import SPRAVKA, render_docx
from roadmap.reports.formats.layout import lay_out
from roadmap.reports.formats.letter import Envelope
from roadmap.reports.formats.native import native
from roadmap.reports.model import Document, Figure, ReportModel
from roadmap.reports.words import typeface

REPEATS = 7
MARCH_ENDS = date(2021, 3, 31)
_ENVELOPE = Envelope(1, None, (), None, datetime(2021, 3, 31, 7, 5, tzinfo=UTC), home_time())


@dataclass(frozen=True)
class RenderTimes:
    """Processor seconds of one package, the least of the same number of repeats in one process."""

    package: float
    bare: float
    files: int

    @property
    def ratio(self) -> float:
        return self.package / self.bare


def measure(model: ReportModel, registry: Registry, repeats: int = REPEATS) -> RenderTimes:
    """Render the model's package and the bare calls in turn, after one warm-up of both."""
    with tempfile.TemporaryDirectory(prefix="roadmap-bench-") as scratch:
        bare = _bare_calls(model, Path(scratch))
        files = 0

        def whole() -> None:
            nonlocal files
            _forget()
            with tempfile.TemporaryDirectory(dir=scratch) as folder:
                made = package.render_package(model, _ENVELOPE, Path(folder), "bench", registry)
                files = len(made.files)

        times: dict[str, list[float]] = {"package": [], "bare": []}
        whole()
        bare()
        for _ in range(repeats):
            _age_typst()
            times["package"].append(_seconds(whole))
            _age_typst()
            times["bare"].append(_seconds(bare))
    return RenderTimes(min(times["package"]), min(times["bare"]), files)


def demo_model() -> ReportModel:
    """The demo's March for one municipality, made by the stages up to composing."""
    from bench.stages import composed, pull
    from roadmap.delivery.settings import settings_from
    from roadmap.evidence.request import RunRequest
    from roadmap.plan.load import load_plan
    from roadmap.reports.compose import load_model
    from roadmap.store.engine import open_engine
    from roadmap.store.migrate import upgrade
    from roadmap_cli.environment import Ports, demo_environment
    from roadmap_cli.setup import put_files

    with tempfile.TemporaryDirectory(prefix="roadmap-bench-") as folder:
        var = Path(folder)
        put_files(MARCH_ENDS, var)
        (var / "archive").mkdir()
        engine = open_engine(f"sqlite:///{var / 'roadmap.db'}")
        upgrade(engine)
        settings = settings_from(demo_environment(var, Ports(18400), var))
        moment = time.time_ns() // 1_000_000
        request = RunRequest("2021", "march_analysis", "live", None, None, (), None, "bench")
        pull(engine, var, request, moment)
        run_id, _ = composed(engine, load_plan("2021"), request, settings.reply_to, moment)
        with engine.connect() as db:
            model = load_model(db, run_id, "buyskiy")
        engine.dispose()
    return model


def demo_registry(schools: int = 270) -> Registry:
    """As many foreign schools as a region has; none of them is in any model."""
    return tuple(
        RegistrySchool(f"f{n}", f"m{n % 28}", f"Дальняя школа № {n}", f"{990000 + n}", f"9{n:05}")
        for n in range(schools)
    )


def _forget() -> None:
    """Drop what a package keeps for its own second use, so that every repeat does all of it.

    The index of the registry is not its own: all packages of a run look for the same names.
    """
    drawing.chart_svg.cache_clear()
    reading.read_pdf.cache_clear()
    reading._parts.cache_clear()
    reading._html.cache_clear()
    lay_out.cache_clear()
    typeface.text_width_mm.cache_clear()
    russian.typographic.cache_clear()
    wordml._leaf.cache_clear()
    wordml._look.cache_clear()
    docx._cell_properties.cache_clear()


def _age_typst() -> None:
    """Typst remembers what its last ten compilations used; another package finds nothing there.

    A package makes more compilations than that and the bare side fewer, so that without this the
    bare side alone would find its own files of the repeat before.
    """
    for _ in range(12):
        blank = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
        _picture_compiler().compile(format="png", sys_inputs={"svg": blank, "width_mm": "1"})


def _seconds(call: Callable[[], None]) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun


# -- The bare side ---------------------------------------------------------------------------


def _bare_calls(model: ReportModel, folder: Path) -> Callable[[], None]:
    """One call that does what the libraries do for the package, and nothing else."""
    if model.document is None:
        raise ValueError("the bench measures packages that have a document")
    html = letter.render_letter(model, _ENVELOPE, ()).html
    documents = [model.document, *(school.document for school in model.schools)]
    pdf_calls = [
        _typst_call(model, document, is_page=index > 0) for index, document in enumerate(documents)
    ]
    drawings = [
        (_drawn(part), document is model.document)
        for document in documents
        for block in document.blocks
        if isinstance(block, Figure)
        for part in drawing.pictures(block.chart)
    ]
    word = render_docx(model, model.document)
    cells = [
        [[native(cell.value) for cell in row.cells] for row in sheet.table.rows]
        for sheet in model.appendix
    ]

    def call() -> None:
        for (draw_svg, draw_png), is_in_word in drawings:
            draw_svg()
            if is_in_word:
                draw_png()
        files = [compile_pdf() for compile_pdf in pdf_calls]
        sheets = _bare_workbook(cells)
        again = _bare_word(word)
        letter._inliner().inline(html)
        _read_back(files, sheets, again, html)
        for number, content in enumerate((*files, sheets, again)):
            (folder / str(number)).write_bytes(content)

    return call


def _drawn(chart: drawing.AnyChart) -> tuple[Callable[[], None], Callable[[], None]]:
    """The chart's shapes and texts as artists of a Figure, saved as SVG; and that SVG as PNG."""
    size: list[float] = []
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    class Recorder(canvas.Sheet):
        def __init__(self, width: float, height: float) -> None:
            super().__init__(width, height)
            size[:] = width, height

    def recorded(name: str) -> Callable[..., None]:
        def call(self: Recorder, *args: Any, **named: Any) -> None:
            calls.append((name, args, named))
            getattr(canvas.Sheet, name)(self, *args, **named)

        return call

    for name in ("write", "line", "bar", "dot"):
        setattr(Recorder, name, recorded(name))
    drawing.chart_svg.cache_clear()
    with patch.object(bar, "Sheet", Recorder), patch.object(pair, "Sheet", Recorder):
        svg = drawing.chart_svg(chart).decode()
    inputs = {"svg": svg, "width_mm": str(drawing.WIDTH_MM)}

    def draw_svg() -> None:
        picture = _Picture(*size)
        for name, args, named in calls:
            getattr(picture, name)(*args, **named)
        picture.save()

    def draw_png() -> None:
        _picture_compiler().compile(format="png", ppi=300, sys_inputs=inputs)

    return draw_svg, draw_png


def _picture_compiler() -> Any:
    return drawing._compiler()


class _Picture:
    """What `canvas.Sheet` draws, by matplotlib's public interface: artists right on a Figure.

    No axes, ticks or layout, which a chart drawn by `Axes.barh` would have and pay for.
    """

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure
        from matplotlib.transforms import Affine2D

        self._figure = Figure(figsize=(width / 25.4, height / 25.4))
        # Millimetres from the upper left corner.
        millimetres = Affine2D().scale(1 / width, -1 / height).translate(0, 1)
        self._place = millimetres + self._figure.transFigure

    def write(self, x: float, y: float, text: str, color: str, *, bold: bool = False) -> None:
        font, middle = canvas._font(bold), y + canvas._CAP_HALF_MM
        self._figure.text(x, middle, text, color=color, fontproperties=font, transform=self._place)

    def line(
        self,
        start: canvas.Point,
        end: canvas.Point,
        color: str,
        width_pt: float,
        dashes: tuple[float, ...] = (),
    ) -> None:
        from matplotlib.lines import Line2D

        style: Any = (0, dashes) if dashes else "-"
        across, down = (start[0], end[0]), (start[1], end[1])
        self._figure.add_artist(
            Line2D(across, down, color=color, lw=width_pt, linestyle=style, transform=self._place)
        )

    def bar(self, corner: canvas.Point, width: float, height: float, color: str) -> None:
        from matplotlib.patches import Rectangle

        self._figure.add_artist(
            Rectangle(corner, width, height, color=color, lw=0, transform=self._place)
        )

    def dot(self, middle: canvas.Point, radius: float, color: str, inside: str) -> None:
        from matplotlib.patches import Circle

        self._figure.add_artist(
            Circle(middle, radius, ec=color, fc=inside, lw=1.1, transform=self._place)
        )

    def save(self) -> bytes:
        import matplotlib

        out = io.BytesIO()
        with matplotlib.rc_context({"svg.fonttype": "none"}):
            self._figure.savefig(out, format="svg", metadata={"Date": None})
        return out.getvalue()


def _typst_call(model: ReportModel, document: Document, *, is_page: bool) -> Callable[[], bytes]:
    data = json.dumps(pdf._data(model, document), ensure_ascii=False)
    template = TEMPLATES / "pdf" / ("school_page.typ" if is_page else "spravka.typ")
    inputs = {"document": data} | ({"density": "0"} if is_page else {})

    def call() -> bytes:
        made: Any = pdf._compiler(template).compile(
            format="pdf", sys_inputs=inputs, pdf_standards=pdf.STANDARDS
        )
        return pdf._packed(bytes(made)).content

    return call


def _bare_workbook(sheets: list[list[list[Any]]]) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, xlsx._options())
    form = book.add_format({"bottom": 1})
    for rows in sheets:
        page = book.add_worksheet()
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                page.write(at, column, value, form)
    book.close()
    return out.getvalue()


def _bare_word(finished: bytes) -> bytes:
    """The template rendered with nothing in it, and the finished file opened and saved."""
    import docx
    from docxtpl import DocxTemplate
    from jinja2 import Environment

    DocxTemplate(TEMPLATES / SPRAVKA).render({}, Environment(autoescape=True))
    out = io.BytesIO()
    docx.Document(io.BytesIO(finished)).save(out)
    return out.getvalue()


def _read_back(files: list[bytes], workbook: bytes, word: bytes, html: str) -> None:
    import pypdfium2
    from lxml import etree
    from lxml import html as html_parser
    from python_calamine import CalamineWorkbook

    for content in files:
        document = pypdfium2.PdfDocument(content)
        for page in document:
            page.get_textpage().get_text_range()
        document.close()
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook))
    for title in book.sheet_names:
        book.get_sheet_by_name(title).to_python()
    for archive in (word, workbook):
        with zipfile.ZipFile(io.BytesIO(archive)) as members:
            for name in members.namelist():
                if name.endswith((".xml", ".rels", ".svg")):
                    etree.fromstring(members.read(name))
    html_parser.document_fromstring(html)


def main() -> None:
    times = measure(demo_model(), demo_registry())
    print(
        f"One package, {times.files} files: {times.package:.2f} s of processor time; bare calls "
        f"of the same libraries: {times.bare:.2f} s; ratio {times.ratio:.2f} (aim: at most 1.2)"
    )


if __name__ == "__main__":
    main()
