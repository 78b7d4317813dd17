"""The README of a folder: which file, and that nothing in it reaches beyond its text."""

import builtins

import pytest

from basehttpserver._sharing.page import readme as readme_module
from basehttpserver._sharing.page.readme import MAX_README_BYTES, Readme, find_readme, render_readme
from tests.sharing.page_parts import Elements, file, folder


def render(text):
    return render_readme(Readme("README.md", text))


def test_which_file():
    assert find_readme([file("a")]) is None
    assert find_readme([file("README"), file("readme.txt"), file("Readme.md")]) == "Readme.md"
    assert find_readme([file("README.txt"), file("README")]) == "README.txt"
    assert find_readme([folder("README.md")]) is None
    assert find_readme([file("README.md", MAX_README_BYTES + 1)]) is None
    assert find_readme([file("README.md", None)]) is None


def test_markdown():
    rendered = render("# Title\n\n[a](b.txt) ~~c~~\n\n| x | y |\n|---|--:|\n| 1 | 2 |\n")
    # Below the page's own headings.
    assert "<h2>Title</h2>" in rendered
    assert '<a href="b.txt">a</a>' in rendered
    assert "<s>c</s>" in rendered
    assert '<td class="right">2</td>' in rendered
    assert "style=" not in rendered


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "a <b onclick=x>b</b>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java&#115;cript:alert(1))",
        "[x](<java\tscript:alert(1)>)",
        "[x](vbscript:x)",
        "[x](data:text/html;base64,AAAA)",
        "[x](file:///etc/passwd)",
        "[x](a:b)",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
        "![x](javascript:alert(1))",
        "![x](data:image/png;base64,AAAA)",
        '[x](y "\\"><script>")',
        '![a"><script>](x.png)',
    ],
)
def test_hostile_markdown(text):
    elements = Elements(render(text))
    assert not elements.all("script")
    assert not elements.all("b")
    assert not any(name.startswith("on") for _, found in elements.found for name in found)
    for attributes in [*elements.all("a"), *elements.all("img")]:
        target = attributes.get("href", attributes.get("src"))
        assert ":" not in target.partition("/")[0]


def test_links_and_images_elsewhere():
    assert '<a href="https://example.com/">x</a>' in render("[x](https://example.com/)")
    assert '<a href="mailto:a@example.com">' in render("[x](mailto:a@example.com)")
    assert '<img src="x.png" alt="a" loading="lazy">' in render("![a](x.png)")
    # The page's policy lets none of these load.
    for source in ("https://example.com/x.png", "//example.com/x.png"):
        rendered = render(f"![badge](<{source}>)")
        assert "<img" not in rendered
        assert "badge" in rendered


def test_other_text_as_it_is():
    assert render_readme(Readme("README.txt", "# <a>\udcff")) == "<pre># &lt;a&gt;?</pre>\n"


def test_markdown_without_the_library(monkeypatch):
    import_module = builtins.__import__

    def refuse(name, *arguments):
        if name == "markdown_it":
            raise ImportError(name)
        return import_module(name, *arguments)

    readme_module._markdown_renderer.cache_clear()
    monkeypatch.setattr(builtins, "__import__", refuse)
    try:
        assert render("# <a>") == "<pre># &lt;a&gt;</pre>\n"
    finally:
        readme_module._markdown_renderer.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        "[a]: " + "x" * 8_000 + "\n\n" + "[a]" * 10_000,
        "[a]: x '" + '"' * 8_000 + "'\n\n" + "![a]" * 10_000,
        "> " * 20 + "a\n" * 25_000,
        "> " * 20 + "a\r" * 25_000,
        "![](=" * 10_000,
        "# " + "#*" * 10_000,
        "- " + "a_ " * 10_000,
        ("![" * 4_000 + "\n\n") * 8,
    ],
)
def test_what_would_cost_too_much_is_shown_as_it_is(text):
    """A definition that is long and used often is a page of hundreds of megabytes."""
    rendered = render(text)
    assert rendered.startswith("<pre>")
    assert len(rendered) < 6 * MAX_README_BYTES


def test_long_code_and_many_paragraphs_are_rendered():
    assert render("```\n" + "x" * 50_000 + "\n```\n").startswith("<div")
    assert render(("x" * 1_000 + "\n\n") * 60).count("<p>") == 60


def test_definitions_that_are_used_often():
    text = "[a]: https://example.org/" + "x" * 75 + "\n\n" + "[a] [a] [a]\n\n" * 333 + "[a]"
    assert render(text).count("<a ") == 1_000
