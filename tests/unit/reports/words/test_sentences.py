"""Each sentence stands once, is said by somebody, and is there for whoever says it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch

from jinja2 import nodes

from roadmap.paths import ROOT, TEMPLATES
from roadmap.reports.words import wording
from roadmap.reports.words.wording import read_words

REPORTS = ROOT / "plugins" / "roadmap" / "reports"
WORDING = TEMPLATES / "wording"
KINDS = {"analysis", "monitoring", "summary", "reminder", "closing"}
# Which kinds of reports a room composes; what a summary does not say itself a monitoring does.
KINDS_OF = {
    "analysis": {"analysis"},
    "monitoring": {"monitoring"},
    "parts": {"analysis", "monitoring"},
    "reminder.py": {"reminder"},
    "closing.py": {"closing"},
}


def parsed(name: str) -> nodes.Template:
    return wording._environment().parse((WORDING / f"{name}.j2").read_text("utf-8"))


def macros(name: str) -> dict[str, nodes.Macro]:
    return {macro.name: macro for macro in parsed(name).find_all(nodes.Macro)}


def imports(name: str) -> Iterator[tuple[str, str]]:
    """The template and the macro, of each macro that `name` imports."""
    for found in parsed(name).find_all(nodes.FromImport):
        assert isinstance(found.template, nodes.Const)
        assert all(isinstance(imported, str) for imported in found.names), "no aliases"
        yield from ((found.template.value.removesuffix(".j2"), str(n)) for n in found.names)


def asked_for() -> Iterator[tuple[str, str, str]]:
    """Where a sentence is said, the template, the macro: of every `say(…)` and `sentence(…)`."""
    for path in sorted(REPORTS.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        room = path.relative_to(REPORTS).parts[0]
        for call in [n for n in ast.walk(tree) if isinstance(n, ast.Call)]:
            where = f"{path.relative_to(REPORTS)}:{call.lineno}"
            match ast.unparse(call.func):
                case "sentence":
                    templates = KINDS_OF[room]
                case "say" if path.name != "sentences.py":
                    templates = {_template(call.args[0], tree, where)}
                case _:
                    continue
            for template in templates:
                for macro in _macros_named(call.args[1], where):
                    yield where, template, macro


def asked_for_around_a_letter() -> Iterator[tuple[str, str]]:
    """The template and the macro of every `say(…)` in the templates that lay a letter out."""
    for path in sorted((TEMPLATES / "email").glob("letter.*.j2")):
        for call in wording._environment().parse(path.read_text("utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "say":
                template, macro = call.args
                assert isinstance(template, nodes.Const)
                assert isinstance(macro, nodes.Const)
                yield template.value, macro.value


def _template(named: ast.expr, tree: ast.Module, where: str) -> str:
    if isinstance(named, ast.Name):  # a constant of the module
        given = (n for n in tree.body if isinstance(n, ast.Assign))
        named = next(n.value for n in given if ast.unparse(n.targets[0]) == named.id)
    assert isinstance(named, ast.Constant), f"{where}: which template is this?"
    return str(named.value)


def _macros_named(named: ast.expr, where: str) -> set[str]:
    if isinstance(named, ast.IfExp):
        return _macros_named(named.body, where) | _macros_named(named.orelse, where)
    assert isinstance(named, ast.Constant), f"{where}: name the sentence where it is said"
    return {named.value}


def test_there_is_one_template_for_each_kind_of_report() -> None:
    assert {path.stem for path in WORDING.rglob("*.j2")} == KINDS | {"shared"}


def test_no_sentence_stands_twice() -> None:
    bodies = Counter(
        re.sub(r"(\\n|\s)+", " ", repr(macro.body))
        for name in (*KINDS, "shared")
        for macro in macros(name).values()
    )
    assert [body for body, times in bodies.items() if times > 1] == []


def test_no_template_has_two_sentences_of_one_name() -> None:
    for name in (*KINDS, "shared"):
        names = [macro.name for macro in parsed(name).find_all(nodes.Macro)]
        names += [imported for _, imported in imports(name)]
        assert [one for one, times in Counter(names).items() if times > 1] == [], name


def test_every_sentence_that_is_said_stands_in_its_template() -> None:
    known = {
        name: set(macros(name)) | {imported for _, imported in imports(name)}
        for name in (*KINDS, "shared")
    }
    known["summary"] |= known["monitoring"]
    every = [*asked_for(), *(("email", t, m) for t, m in asked_for_around_a_letter())]
    missing = [(where, t, m) for where, t, m in every if m not in known[t]]
    assert missing == []
    absent = [
        (name, source, one)
        for name in KINDS
        for source, one in imports(name)
        if one not in macros(source)
    ]
    assert absent == []


def test_every_sentence_is_said() -> None:
    used = {(template, macro) for _, template, macro in asked_for()} | set(
        asked_for_around_a_letter()
    )
    used |= {("summary", macro) for template, macro in used if template == "monitoring"}
    for name in (*KINDS, "shared"):
        for call in parsed(name).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name):
                used.add((name, call.node.name))
    idle = [(n, one) for n in (*KINDS, "shared") for one in macros(n) if (n, one) not in used]
    taken = {(source, one) for n in KINDS for source, one in imports(n) if (n, one) in used}
    assert [one for one in idle if one not in taken] == []
    unused = [(n, one) for n in KINDS for _, one in imports(n) if (n, one) not in used]
    assert unused == []


def test_composers_hold_no_russian_text() -> None:
    found = []
    for path in sorted(REPORTS.rglob("*.py")):
        room = path.relative_to(REPORTS).parts[0]
        if room in KINDS_OF or room == "corrections.py":
            tree = ast.parse(path.read_text("utf-8"))
            allowed = {id(one) for node in _not_shown(tree) for one in ast.walk(node)}
            found += [
                (path.name, node.lineno, node.value)
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
                if re.search("[А-Яа-яЁё№]", node.value) and id(node) not in allowed
            ]
    assert found == []


def _not_shown(tree: ast.Module) -> Iterator[ast.AST]:
    """Docstrings; patterns."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()):
                yield node
            case ast.Call() if ast.unparse(node.func) == "re.compile":
                yield node


def test_every_table_of_tables_yaml_is_asked_for() -> None:
    asked = {
        name
        for path in REPORTS.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("columns")
        for arg in call.args
        for name in _names(arg)
    }
    assert [n for n in read_words("tables") if not any(fnmatch(n, one) for one in asked)] == []


def _names(given: ast.expr) -> Iterator[str]:
    """The names of tables in it, with an asterisk for what is put into one."""
    if isinstance(given, ast.JoinedStr):
        yield "".join(str(v.value) if isinstance(v, ast.Constant) else "*" for v in given.values)
    elif isinstance(given, ast.IfExp):
        yield from (*_names(given.body), *_names(given.orelse))
    elif isinstance(given, ast.Constant):
        yield str(given.value)
