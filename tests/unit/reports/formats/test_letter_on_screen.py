"""The letter in a real browser engine: it fits a phone and stays readable when inverted."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.left_out import leave_out

GOLDEN = Path(__file__).parents[3] / "golden"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# Says how wide the letter's page is inside a frame of that width, and its least contrast of
# text against the nearest ground above it.
MEASURE = """
<!doctype html><meta charset="utf-8"><body><iframe style="width:{width}px;height:4000px;border:0"
srcdoc="{letter}"></iframe><pre></pre><script>
const frame = document.querySelector('iframe');
function numbers(colour) {{ return colour.match(/[\\d.]+/g).map(Number); }}
function luminance(rgb) {{
  const [r, g, b] = rgb.map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}}
function ground(node, win) {{
  for (let n = node; n; n = n.parentElement) {{
    const c = numbers(win.getComputedStyle(n).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c.slice(0, 3);
  }}
  return [255, 255, 255];
}}
frame.onload = () => {{
  const page = frame.contentDocument, win = frame.contentWindow;
  let least = 99, texts = 0;
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {{
    const parent = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || parent.className === 'preheader') continue;
    const pair = [numbers(win.getComputedStyle(parent).color), ground(parent, win)];
    const [a, b] = pair.map(c => luminance(c.slice(0, 3))).sort((x, y) => y - x);
    least = Math.min(least, (a + 0.05) / (b + 0.05));
    texts += 1;
  }}
  document.querySelector('pre').textContent =
    `width=${{page.documentElement.scrollWidth}} least=${{least.toFixed(2)}} texts=${{texts}}`;
}};
</script>
"""


def _measured(tmp_path: Path, letter: str, width: int) -> dict[str, float]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        leave_out("Chromium")
    page = tmp_path / "page.html"
    page.write_text(MEASURE.format(width=width, letter=html.escape(letter)), encoding="utf-8")
    done = subprocess.run(
        [
            chromium,
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=5000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.search(r"width=(\d+) least=([\d.]+) texts=(\d+)", done.stdout)
    assert found, done.stdout[-500:]
    return dict(zip(("width", "least", "texts"), map(float, found.groups()), strict=True))


@pytest.mark.browser
@pytest.mark.parametrize(
    "letter",
    [
        "march_letter_buyskiy",
        "march_letter_neyskiy",
        "march_letter_region",
        "august_letter_buyskiy",
        "june_letter_buyskiy",
        "december_letter_region",
        "run_statistics_not_all",  # to the operator
        "delivery_alarms",
    ],
)
@pytest.mark.parametrize("width", [360, 800])
def test_the_letter_fits_its_screen_and_every_text_stands_out(
    tmp_path: Path, letter: str, width: int
) -> None:
    html_text = (GOLDEN / f"{letter}.html").read_text(encoding="utf-8")
    measured = _measured(tmp_path, html_text, width)
    assert measured["texts"] > (40 if letter != "delivery_alarms" else 5)
    assert measured["width"] <= width
    assert measured["least"] >= 4.5
