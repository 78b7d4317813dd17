"""The layers of the package: who may import whom, and that the protocol does no I/O."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "basehttpserver"


#: Libraries of extras: functions import them when they are asked for.
EXTRAS = {"markdown_it", "multipart", "passlib", "segno"}


def imported_modules(source: Path) -> set[str]:
    """Every module that a file imports by name, ``from x import y`` as both ``x`` and ``x.y``."""
    return modules_of(ast.parse(source.read_text("utf-8")))


def modules_imported_by_functions(source: Path) -> set[str]:
    functions = ast.FunctionDef, ast.AsyncFunctionDef
    found = [
        node
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, functions)
    ]
    return set().union(*map(modules_of, found))


def modules_of(tree: ast.AST) -> set[str]:
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module)
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    return modules


def test_contracts_of_import_linter_hold():
    lint_imports = Path(sys.executable).parent / "lint-imports"
    result = subprocess.run(
        [lint_imports, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_protocol_does_not_import_http_client():
    # import-linter knows `http` as a whole only, and http.HTTPStatus is welcome there.
    sources = sorted((PACKAGE / "_http1").glob("*.py"))
    assert sources
    offenders = [source.name for source in sources if "http.client" in imported_modules(source)]
    assert offenders == []


def test_package_has_no_dependencies():
    """Everything imported comes from the standard library, the package itself, or an extra.

    ``_typeshed`` exists for type checkers only; ``sitecustomize`` is the name under which Python's
    ``site`` looks for a module of whoever set the machine up.
    """
    known = sys.stdlib_module_names | {"basehttpserver", "_typeshed", "sitecustomize"}
    foreign = {
        (source.relative_to(PACKAGE), module)
        for source in PACKAGE.rglob("*.py")
        for module in imported_modules(source)
        if module.partition(".")[0] not in known
    }
    lazy = {
        (source.relative_to(PACKAGE), module)
        for source in PACKAGE.rglob("*.py")
        for module in modules_imported_by_functions(source)
        if module.partition(".")[0] in EXTRAS
    }
    assert foreign == lazy
