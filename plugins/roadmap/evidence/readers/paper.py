"""Which paper a file is about: kind, year, wave, the programme's grade, subject."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from roadmap.evidence.files.grid import normal_title
from roadmap.evidence.messages import refused

# Files inflect subjects («по русскому языку»), shorten them and add remarks; facts know one
# spelling. Whole phrases, so that «физическая культура» is not physics.
BASE_MATHEMATICS = "математика базовая"  # of ЕГЭ: marked 2 to 5, the others in points
_SUBJECTS = {
    "русский язык": r"русск(?:ий|ому|ого|им) язык(?:у|а|ом)?|русский",
    "математика": r"математик(?:а|е|и|ой)(?:,? (?:профильн\w+|проф\.?))?",
    "физика": r"физик(?:а|е|и|ой)",
    "химия": r"хими(?:я|и|ей)",
    "биология": r"биологи(?:я|и|ей)",
    "история": r"истори(?:я|и|ей)(?: россии)?",
    "география": r"географи(?:я|и|ей)",
    "обществознание": r"обществознани(?:е|ю|я|ем)",
    "окружающий мир": r"окружающ(?:ий|ему|его|им) мир(?:у|а|ом)?",
    **{
        f"{stem}ий язык": rf"(?:иностранн\w+ язык\w* )?{stem}(?:ий|ому|ого|им)(?: язык(?:у|а|ом)?)?"
        for stem in ("английск", "немецк", "французск", "испанск", "китайск")
    },
    "литература": r"литератур(?:а|е|ы|ой)",
    "информатика": r"информатик(?:а|е|и|ой)(?: и икт)?(?: кегэ)?",
}
_GRAMMAR = {name: re.compile(pattern) for name, pattern in _SUBJECTS.items()}
_REMARK = re.compile(r"\(([^()]*)\)")
_BASE = re.compile(r"математик(?:а|е|и|ой),? баз(?:ов\w+|\.|а)?(?: уров\w+)?")


@dataclass(frozen=True)
class Paper:
    """One assessment paper of one procedure."""

    kind: str  # of include/procedures.yaml
    year: int  # calendar year of the procedure
    wave: str  # autumn | spring | main
    grade: int  # the programme's
    subject: str

    @property
    def scope(self) -> str:
        """The load batch's scope: `vpr/2020/autumn/5/математика`."""
        return f"{self.kind}/{self.year}/{self.wave}/{self.grade}/{self.subject}"

    def columns(self) -> dict[str, Any]:
        """The columns of a fact table that name the paper."""
        return {
            "kind": self.kind,
            "year": self.year,
            "wave": self.wave,
            "grade": self.grade,
            "subject": self.subject,
        }


def subject_of(text: str) -> str | None:
    """The subject in its one spelling, from any case and with remarks; None when unknown.

    «Русскому языку», «Математика профильная», «Английский язык (письменная часть)»,
    «Иностранный язык (английский)», «Математика (базовый уровень)».
    """
    plain = normal_title(text).strip(" .,:;«»\"'")
    without_remarks = " ".join(_REMARK.sub(" ", plain).split())
    with_remarks = " ".join(_REMARK.sub(r" \1 ", plain).split())
    if _BASE.fullmatch(with_remarks):  # before its remark is left out
        return BASE_MATHEMATICS
    for candidate in (without_remarks, with_remarks):
        for subject, grammar in _GRAMMAR.items():
            if grammar.fullmatch(candidate):
                return subject
    return None


def known_subject(
    text: str,
    file_name: str,
    sheet: str | None = None,
    own: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Like `subject_of`; raises FileRefused SUBJECT where it is not known.

    `own`: subjects of the procedure's kind alone, with their dative.
    """
    plain = normal_title(text).strip(" .,:;«»\"'")
    subject = next((one for one, dative in own.items() if plain in (one, dative)), None)
    subject = subject or subject_of(text)
    if subject is None:
        raise refused(
            "SUBJECT",
            f"Файл не принят: предмет «{text.strip()[:60]}» не известен",
            "Проверьте название предмета; если оно верно, сообщите в поддержку",
            file_name,
            sheet=sheet,
        )
    return subject


def wave_of(year: int, last_year: int, options: Mapping[str, Any], file_name: str) -> str:
    """The wave of that year's procedure, from the source's `waves`, else its one `wave`.

    Raises FileRefused PERIOD for a year after the plan's last and for one without a known wave.
    """
    waves = options.get("waves", {})
    wave = waves.get(str(year)) if waves else options["wave"]
    if year > last_year:
        what, to_do = f"Файл о {year} годе, а план — на {last_year}", "Проверьте год в файле"
    elif wave is None:
        known = ", ".join(sorted(waves))
        what = f"Файл о {year} годе, а источник описан для {known}"
        to_do = "Проверьте год в файле или дополните описание источника"
    else:
        return str(wave)
    raise refused("PERIOD", what, to_do, file_name)


def usual(names: Counter[str]) -> str | None:
    """The municipality of most of a school's rows; of equally many, the first by name."""
    return min(names, key=lambda name: (-names[name], name), default=None)
