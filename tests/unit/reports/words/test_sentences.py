"""Each sentence stands once, is said by somebody, and is there for whoever says it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from jinja2 import nodes

from roadmap.paths import ROOT, TEMPLATES
from roadmap.reports.words import wording

REPORTS = ROOT / "plugins" / "roadmap" / "reports"
WORDING = TEMPLATES / "wording"
KINDS = {"analysis", "monitoring", "summary", "reminder"}
# What `wording(facts)` in the composers of a monitoring may be.
OF_A_PHASE = {"monitoring", "summary"}


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


def said() -> Iterator[tuple[str, str, str]]:
    """Where a sentence is said, the template, the macro: of every `say(…)` in the composers."""
    for path in sorted(REPORTS.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for scope in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]:
            for call in [n for n in ast.walk(scope) if isinstance(n, ast.Call)]:
                if ast.unparse(call.func) == "say":
                    where = f"{path.relative_to(REPORTS)}:{call.lineno}"
                    for template in _templates(call.args[0], scope, tree, where):
                        for macro in _texts(call.args[1], where):
                            yield where, template, macro


def said_around_a_letter() -> Iterator[tuple[str, str]]:
    """The template and the macro of every `say(…)` in the templates that lay a letter out."""
    for path in sorted((TEMPLATES / "email").glob("letter.*.j2")):
        for call in wording._environment().parse(path.read_text("utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "say":
                template, macro = call.args
                assert isinstance(template, nodes.Const)
                assert isinstance(macro, nodes.Const)
                yield template.value, macro.value


def _templates(named: ast.expr, scope: ast.AST, tree: ast.Module, where: str) -> set[str]:
    if isinstance(named, ast.Constant):
        return {named.value}
    if ast.unparse(named) == "wording(facts)":
        return OF_A_PHASE
    assert isinstance(named, ast.Name), f"{where}: which template is this?"
    for node in (*ast.walk(scope), *tree.body):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=True))
            for one, given in pairs:
                if isinstance(one, ast.Name) and one.id == named.id:
                    return _templates(given, scope, tree, where)
    raise AssertionError(f"{where}: {named.id} is given nowhere in sight")


def _texts(named: ast.expr, where: str) -> set[str]:
    if isinstance(named, ast.IfExp):
        return _texts(named.body, where) | _texts(named.orelse, where)
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
    every = [*said(), *(("email", t, m) for t, m in said_around_a_letter())]
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
    used = {(template, macro) for _, template, macro in said()} | set(said_around_a_letter())
    for name in (*KINDS, "shared"):
        for call in parsed(name).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name):
                used.add((name, call.node.name))
    idle = [(n, one) for n in (*KINDS, "shared") for one in macros(n) if (n, one) not in used]
    taken = {(source, one) for n in KINDS for source, one in imports(n) if (n, one) in used}
    assert [one for one in idle if one not in taken] == []
    unused = [(n, one) for n in KINDS for _, one in imports(n) if (n, one) not in used]
    assert unused == []


def test_composers_hold_no_russian_text_but_the_headings_of_columns() -> None:
    composers = (
        *(
            path
            for room in ("analysis", "monitoring", "parts")
            for path in REPORTS.glob(f"{room}/*")
        ),
        REPORTS / "corrections.py",
        REPORTS / "reminder.py",
    )
    found = []
    for path in composers:
        if path.suffix == ".py":
            tree = ast.parse(path.read_text("utf-8"))
            allowed = {id(one) for node in _not_said(tree) for one in ast.walk(node)}
            found += [
                (path.name, node.lineno, node.value)
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
                if re.search("[А-Яа-яЁё]", node.value) and id(node) not in allowed
            ]
    assert found == []


def _not_said(tree: ast.Module) -> Iterator[ast.AST]:
    """Docstrings; patterns; names of subjects, which are keys; headings of columns and of groups
    of columns, given to `text` and `number` of reports.parts.tables."""
    heads = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        if re.fullmatch(r"text|number|\w+_columns|re\.compile", ast.unparse(node.func))
    ]
    yield from heads
    groups = {arg.id for call in heads for arg in call.args if isinstance(arg, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id in {"MAIN_SUBJECTS", "_COLUMNS", *groups}:
                yield node
        elif isinstance(node, ast.FunctionDef) and node.name == "unit_column":
            yield node
