#!/usr/bin/env python3
"""Rebuild the PDFs of the example handbook from the Markdown beside this file.

    python3 -m venv /tmp/pdf && /tmp/pdf/bin/pip install reportlab==5.1.0
    /tmp/pdf/bin/python examples/pdf/build.py

The output is the same, byte for byte, on every run with that version of
reportlab (invariant=1 fixes dates and ids), so a rebuild that changes nothing
shows no difference in Git.

Only what the three sources use is understood: "# title" and the lines under it
(subtitle, running header), "## " and "### " headings, paragraphs, "- " and
"1. " lists, pipe tables with a "Table N." caption above, and <pagebreak>.
"""

from html import escape
from pathlib import Path

from reportlab.lib import colors
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    KeepTogether,
    ListFlowable,
    ListItem,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

HERE = Path(__file__).resolve().parent
HANDBOOK = HERE.parent / "handbook"
OUTPUTS = {
    "hardware-sizing.md": HANDBOOK / "running" / "hardware-sizing.pdf",
    "model-policy.md": HANDBOOK / "team" / "model-policy.pdf",
    "incident-2025-03-11.md": HANDBOOK / "team" / "incident-2025-03-11.pdf",
}

MARGIN = 24 * mm
WIDTH = A4[0] - 2 * MARGIN

BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=11, leading=15.5, spaceAfter=7)
CELL = ParagraphStyle("cell", parent=BODY, fontSize=9.5, leading=12, spaceAfter=0)
HEAD = ParagraphStyle("head", parent=CELL, fontName="Times-Bold")
CAPTION = ParagraphStyle("caption", parent=CELL, fontName="Times-Italic", spaceBefore=6, spaceAfter=4)
TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=22, leading=27, alignment=TA_LEFT)
SUBTITLE = ParagraphStyle("subtitle", fontName="Helvetica", fontSize=12, leading=16, spaceAfter=16)
H2 = ParagraphStyle("h2", fontName="Helvetica-Bold", fontSize=14, leading=18, spaceBefore=12, spaceAfter=6, keepWithNext=1)
H3 = ParagraphStyle("h3", fontName="Helvetica-Bold", fontSize=11.5, leading=15, spaceBefore=8, spaceAfter=4, keepWithNext=1)


class NumberedCanvas(Canvas):
    """Holds pages back until their number is known, then adds header and footer."""

    running = ""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._held = []

    def showPage(self):
        self._held.append(dict(self.__dict__))
        self._startPage()

    def save(self):
        for state in self._held:
            self.__dict__.update(state)
            self.setFont("Helvetica", 8)
            self.setFillColor(colors.HexColor("#555555"))
            self.drawString(MARGIN, A4[1] - 14 * mm, self.running)
            self.drawRightString(A4[0] - MARGIN, 12 * mm, f"Page {self._pageNumber} of {len(self._held)}")
            super().showPage()
        super().save()


class Heading(Paragraph):
    """A heading that also becomes an entry of the PDF's outline."""

    def __init__(self, text, style, level):
        super().__init__(escape(text), style)
        self.entry = (text, level)

    def draw(self):
        text, level = self.entry
        self.canv.bookmarkPage(text)
        self.canv.addOutlineEntry(text, text, level=level, closed=False)
        super().draw()


def table(rows):
    cells = [[Paragraph(escape(c), HEAD if i == 0 else CELL) for c in row] for i, row in enumerate(rows)]
    longest = [max(max(len(row[k]), 7) for row in rows) ** 0.8 for k in range(len(rows[0]))]
    widths = [WIDTH * n / sum(longest) for n in longest]
    flowable = Table(cells, colWidths=widths, repeatRows=1, hAlign="LEFT")
    flowable.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.4, colors.HexColor("#999999")),
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eeeeee")),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
        )
    )
    return flowable


def story(lines):
    """Flowables for the lines that follow the title block."""
    flowables, caption, k = [], None, 0
    while k < len(lines):
        line = lines[k].strip()
        if not line:
            k += 1
        elif line == "<pagebreak>":
            flowables.append(PageBreak())
            k += 1
        elif line.startswith("### "):
            flowables.append(Heading(line[4:], H3, 1))
            k += 1
        elif line.startswith("## "):
            flowables.append(Heading(line[3:], H2, 0))
            k += 1
        elif line.startswith("|"):
            rows = []
            while k < len(lines) and lines[k].startswith("|"):
                cells = [c.strip() for c in lines[k].strip().strip("|").split("|")]
                if not all(set(c) <= set("-:") for c in cells):
                    rows.append(cells)
                k += 1
            flowables += [KeepTogether([caption, table(rows)] if caption else [table(rows)]), Spacer(1, 10)]
            caption = None
        elif line.startswith("Table ") and k + 1 < len(lines) and lines[k + 1].startswith("|"):
            caption = Paragraph(escape(line), CAPTION)
            k += 1
        elif line.startswith("- ") or line[:3] == "1. ":
            numbered, items = line[0] == "1", []
            while k < len(lines) and lines[k].strip():
                items.append(ListItem(Paragraph(escape(lines[k].strip().split(" ", 1)[1]), BODY)))
                k += 1
            kind = {"bulletType": "1", "bulletFormat": "%s."} if numbered else {"bulletType": "bullet", "start": "•"}
            flowables.append(ListFlowable(items, leftIndent=16, bulletFontName="Times-Roman", bulletFontSize=11, **kind))
        else:
            flowables.append(Paragraph(escape(line), BODY))
            k += 1
    return flowables


def build(source, target):
    lines = source.read_text(encoding="utf-8").splitlines()
    title, subtitle, running = lines[0].removeprefix("# "), lines[1], lines[2]
    document = SimpleDocTemplate(
        str(target),
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=24 * mm,
        bottomMargin=22 * mm,
        title=title,
        subject=subtitle,
        author="Lantern Works",
        creator="examples/pdf/build.py",
        lang="en-GB",
        invariant=1,
        pageCompression=1,
    )
    canvas = type("RunningCanvas", (NumberedCanvas,), {"running": running})
    head = [Paragraph(escape(title), TITLE), Paragraph(escape(subtitle), SUBTITLE)]
    document.build(head + story(lines[3:]), canvasmaker=canvas)
    print(f"{target.relative_to(HERE.parent)}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    for name, target in OUTPUTS.items():
        build(HERE / name, target)
