"""`parity docs`: every page is listed, shown and served without a network, and its links lead somewhere."""

from __future__ import annotations

import ast
import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
import typer.main
from tests.docs_site.__main__ import MAN_PAGE, write_sources
from tests.support.documents import code_blocks
from typer.testing import CliRunner, Result

from parity import errors
from parity.cli.app import app
from parity.cli.shared.manpage import man_page
from parity.cli.shared.reference import error_kinds, exit_codes_page, reference_pages
from parity.docs import DocPage, all_pages, index_text
from parity.docs.web import DocsServer, slug
from parity.portable import errors as farside

DOCS = Path(__file__).parents[2] / "src" / "parity" / "docs"
SOURCE = DOCS.parent
GENERATED = reference_pages(typer.main.get_command(app))
PAGES = all_pages(GENERATED)
NAMES = [page.name for page in PAGES]


def run_cli(*words: str) -> Result:
    return CliRunner().invoke(app, ["docs", *words], env={"COLUMNS": "200"})


def test_every_file_is_listed_and_every_listed_page_is_there() -> None:
    files = {str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*.md")} - {"index"}
    assert files | GENERATED.keys() == set(NAMES)
    assert len(NAMES) == len(set(NAMES))
    short = [name.rpartition("/")[2] for name in NAMES]
    assert len(short) == len(set(short)), "the last part of a name is enough to find a page"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_has_one_title_and_links_that_lead_to_a_page(page: DocPage) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.text, flags=re.MULTILINE | re.DOTALL)
    assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1, page.name
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", prose):
        found = (DOCS / page.name).parent.joinpath(target).resolve().relative_to(DOCS) if target else None
        named = str(found.with_suffix("")) if found else page.name
        assert named in {*NAMES, "index"}, f"{page.name} links to {target}"
        if anchor:
            text = next(each.text for each in PAGES if each.name == named)
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, f"{page.name}: {target}#{anchor}"


def test_a_page_is_shown_by_its_name_or_the_end_of_it_and_plain_in_a_pipe() -> None:
    written = (DOCS / "how-to" / "podman.md").read_text(encoding="utf-8")
    for word in ("how-to/podman", "podman", "Podman.md"):
        assert run_cli(word).stdout == written
    assert json.loads(run_cli("podman", "--json").stdout)["pages"][0]["text"] == written


def test_in_a_terminal_a_page_is_laid_out() -> None:
    laid_out = CliRunner().invoke(app, ["docs", "podman"], env={"FORCE_COLOR": "1", "COLUMNS": "80"}).stdout
    assert "\x1b[" in laid_out
    assert "```" not in laid_out
    assert "systemctl" in laid_out


def test_without_a_page_all_are_listed_and_a_slip_is_told_what_was_meant() -> None:
    listed = run_cli().stdout
    assert all(name in listed for name in NAMES)
    slip = run_cli("podmann")
    assert slip.exit_code == 2
    assert "did you mean podman?" in slip.stderr


def test_words_that_are_no_port_are_told() -> None:
    for word in ("podman", "99999", "٣"):
        done = run_cli("--serve", word)
        assert isinstance(done.exception, errors.OptionConflict), word


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with DocsServer(index_text(), PAGES, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


def get(url: str) -> tuple[str, dict[str, str]]:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
        return answer.read().decode(), dict(answer.headers)


def test_a_browser_gets_the_same_pages_with_links_that_work(served: str) -> None:
    assert served.startswith("http://127.0.0.1:")
    for page in PAGES:
        body, headers = get(f"{served}{page.name}.md")
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "<table>" in body or "| --- |" not in page.text
        assert "<h1" in body
        for target in re.findall(r'<a href="(?!http)([^"#]+)"', body):
            assert get(urljoin(f"{served}{page.name}.md", target))[0]
    assert "five-minutes.md" in get(served)[0]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_page_has_two_versions_of_its_text(page: DocPage) -> None:
    marks = ("<<<<<<< ", ">>>>>>> ", "=======")
    assert [line for line in page.text.splitlines() if line.startswith(marks)] == []


def test_what_is_no_page_is_not_served(served: str) -> None:
    for path in ("errors.py", "../pages.py", "how-to/%2e%2e/errors.md", "%2fetc/passwd", "nothing.md"):
        with pytest.raises(urllib.error.HTTPError) as told:
            get(served + path)
        assert told.value.code == 404
        told.value.close()


def test_text_stays_text_in_a_browser() -> None:
    from parity.docs.web import html_page  # noqa: PLC0415

    evil = html_page("<t>", "n", "<script>alert(1)</script> [x](javascript:alert(1))", ())
    assert "<script" not in evil
    assert 'href="javascript' not in evil


def test_the_table_of_exit_codes_is_the_code() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+?) \|$", exit_codes_page(), re.MULTILINE)
    expected = {
        value.__name__: value.exit_code
        for module in (errors, farside)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, farside.RootError)
    }
    for root in ("RootError", "ParityError", "FarsideError"):
        expected.pop(root, None)
    assert {name: int(code) for code, name, _ in rows} == expected
    assert [int(code) for code, _, _ in rows] == sorted(expected.values())
    assert all(len(text) > 15 for _, _, text in rows)
    assert len(error_kinds()) == len(rows)


def test_every_command_and_every_key_is_in_the_reference() -> None:
    commands, keys = GENERATED["reference/commands"], GENERATED["reference/profile-keys"]
    for line in ("## parity key trust", "## parity build", "`-r, --requirement FILE`"):
        assert line in commands
    for key in ("target.os.id", "install.project.path", "indexes[].name", "rehearsal.memory"):
        assert f"| `{key}` |" in keys


# Words in capitals that parity sets for others, or that stand in files, and no user sets for parity.
_OURS = {"UV_INDEX_PARITY_USERNAME", "UV_INDEX_PARITY_PASSWORD", "PARITY_PUBLISH", "UV_PATH", "UV_LOCK"}


def near_side_variables() -> set[str]:
    """What the near side's rooms ask this machine's environment for, by the constants in their code."""
    found: set[str] = set()
    for room in ("host", "cli", "docker_engine"):
        for path in (SOURCE / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and ast.unparse(node.func).endswith("environ.get")
                    and node.args
                ):
                    found |= {str(each.value) for each in node.args[:1] if isinstance(each, ast.Constant)}
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found |= set(re.findall(r"^(?:PARITY|DOCKER|SSL)_[A-Z_]+$", node.value))
    return found - _OURS


def test_every_variable_that_is_read_is_documented() -> None:
    page = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    wanted = near_side_variables()
    assert len(wanted) > 12
    assert {each for each in wanted if f"`{each.upper()}`" not in page} - {"PATH"} == set()


def test_the_operators_lines_are_those_of_the_bundle() -> None:
    """The stock check of the operator's page is the README.txt's, with names in place of variables."""
    from parity.pack.texts import STOCK_CHECK  # noqa: PLC0415

    page = (DOCS / "roles" / "operator.md").read_text(encoding="utf-8")
    block = next(each.text for each in code_blocks(page) if "dd if=" in each.text)
    ours = [
        line.replace('"$BUNDLE"', "BUNDLE").replace('"$KEY"', "KEY.pub") for line in STOCK_CHECK.splitlines()
    ]
    for line in ours[:2]:
        assert line in block
    assert "openssl dgst -sha256 -verify KEY.pub -signature sig pae" in block


def test_the_site_has_all_pages_and_all_of_them_in_its_side_bar(tmp_path: Path) -> None:
    write_sources(tmp_path / "source")
    written = {str(path.relative_to(tmp_path / "source")) for path in (tmp_path / "source").rglob("*.md")}
    assert written == {"index.md", *(f"{name}.md" for name in NAMES)}
    index = (tmp_path / "source" / "index.md").read_text(encoding="utf-8")
    assert all(f"<{name}>" in index for name in NAMES)
    assert "<" not in index_text(), "the index that travels is plain Markdown"


def test_the_man_page_is_that_of_these_commands() -> None:
    """`python -m tests.docs_site .state/docs/source` (or `make docs`) writes it anew."""
    assert MAN_PAGE.read_text(encoding="utf-8") == man_page(typer.main.get_command(app))


def test_no_text_of_the_man_page_is_a_request_by_accident() -> None:
    requests = {line.split(" ")[0] for line in MAN_PAGE.read_text().splitlines() if line[:1] in (".", "'")}
    assert requests == {".TH", ".SH", ".SS", ".TP", ".PP", ".B"}
