"""A report as slides (PPTX): native tables, native charts where a chart can say the figure, the stamp on each."""

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import cycle
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION
from pptx.presentation import Presentation as Pptx
from pptx.slide import Slide
from pptx.util import Emu, Inches, Length, Pt

from analytics.documents.model import RECIPE, Block, Chart, Document, Picture, Section, Table, Words, table_cells
from analytics.documents.paper import draw_pictures
from analytics.figures.theme import LIGHT

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
LEFT, TOP, BODY, TALL = Inches(0.5), Inches(1.15), Inches(12.33), Inches(5.6)
LINES = 20  # of text that a table on a slide may have
FEW, LARGE, SMALL = 8, 155, 190  # columns in larger type, and the letters that fit a line in each


def write_slides(document: Document, tell: Callable[[str], None]) -> bytes:
    """The report as PPTX; figures that no native chart can say come as pictures, for which a browser is needed."""
    made = draw_pictures(document, "png", tell)
    file = Presentation()
    file.slide_width, file.slide_height = WIDTH, HEIGHT
    first = add_slide(file, document, document.title)
    add_lines(first, [f"{name}: {said}" for name, said in document.facts.items()], Pt(16))
    write_notes(first, f"{RECIPE}: {document.recipe_text}")
    for section in document.sections:
        add_section(file, document, section, made)
    buffer = BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def add_slide(file: Pptx, document: Document, title: str) -> Slide:
    """A slide with its title, the stamp below, and SIMULATED where it applies."""
    slide = file.slides.add_slide(file.slide_layouts[5])
    box = slide.shapes.title
    if box is not None:
        box.left, box.top, box.width, box.height = LEFT, Inches(0.25), BODY, Inches(0.8)
        box.text_frame.text = title
        box.text_frame.paragraphs[0].font.size = Pt(24)
    add_text(slide, document.stamp, Inches(7.05), Pt(9))
    if document.simulated:
        add_text(slide, "SIMULATED data: no patient stands behind these numbers", Inches(0.02), Pt(12), bold=True)
    return slide


def write_notes(slide: Slide, text: str) -> None:
    """The notes of a slide."""
    frame = slide.notes_slide.notes_text_frame
    if frame is not None:
        frame.text = text


def add_text(slide: Slide, text: str, top: Length, size: Pt, bold: bool = False) -> None:
    """One line of text across the slide."""
    frame = slide.shapes.add_textbox(LEFT, top, BODY, Inches(0.35)).text_frame
    frame.word_wrap = True
    frame.text = text
    frame.paragraphs[0].font.size, frame.paragraphs[0].font.bold = size, bold


def add_lines(slide: Slide, lines: list[str], size: Pt) -> None:
    """Paragraphs in the body of a slide."""
    frame = slide.shapes.add_textbox(LEFT, TOP, BODY, TALL).text_frame
    frame.word_wrap = True
    frame.text = lines[0] if lines else ""
    for line in lines[1:]:
        frame.add_paragraph().text = line
    for paragraph in frame.paragraphs:
        paragraph.font.size, paragraph.space_after = size, Pt(6)


def add_section(file: Pptx, document: Document, section: Section, made: dict[str, bytes]) -> None:
    """The slides of a section: its words together, a slide or more a table, a slide a figure."""
    words = [block for block in section.blocks if isinstance(block, Words)]
    for page in split([f"Comment: {block.text}" if block.comment else block.text for block in words]):
        add_lines(add_slide(file, document, section.title), page, Pt(13))
    for block in section.blocks:
        if not isinstance(block, Words):
            add_block(file, document, section.title, block, made)


def split(words: list[str], most: int = 1_500) -> Iterator[list[str]]:
    """Paragraphs that fit a slide together."""
    page: list[str] = []
    for line in words:
        if page and sum(map(len, page)) + 60 * len(page) + len(line) > most:
            yield page
            page = []
        page.append(line)
    if page:
        yield page


def add_block(file: Pptx, document: Document, section: str, block: Block, made: dict[str, bytes]) -> None:
    """A table over as many slides as it needs, or a figure as a native chart or a picture."""
    if isinstance(block, Table):
        head, rows = block.frame.columns, table_cells(block.frame)
        widths = share_width(head, rows)
        pages = list(split_rows(rows, widths)) or [[]]
        for place, page in enumerate(pages, start=1):
            more = f" ({place} of {len(pages)})" if len(pages) > 1 else ""
            add_table(add_slide(file, document, f"{section}: {block.title}{more}"), head, page, widths)
    elif isinstance(block, Picture):
        slide = add_slide(file, document, f"{section}: {block.title}")
        if block.chart is not None:
            add_chart(slide, block.chart)
        else:
            add_picture(slide, made[block.key])
        write_notes(slide, block.alt)


def add_picture(slide: Slide, data: bytes) -> None:
    """A picture as large as the slide allows."""
    picture = slide.shapes.add_picture(BytesIO(data), LEFT, TOP, width=BODY)
    if picture.height > TALL:
        picture.width, picture.height = Emu(int(picture.width * TALL / picture.height)), Emu(TALL)
        picture.left = Emu((WIDTH - picture.width) // 2)


def share_width(head: list[str], rows: list[list[str]]) -> list[float]:
    """The share of the slide's width that each column gets, by the longest word of its head and its longest cell."""
    longest = [
        max(8, *map(len, name.split()), *(min(40, len(row[place])) for row in rows)) for place, name in enumerate(head)
    ]
    return [width / sum(longest) for width in longest]


def split_rows(rows: list[list[str]], widths: list[float]) -> Iterator[list[list[str]]]:
    """The rows that fit a slide together, by the lines that their cells need."""
    letters = SMALL if len(widths) > FEW else LARGE
    page: list[list[str]] = []
    used = 0
    for row in rows:
        lines = max(-(-len(cell) // max(1, int(letters * width))) for cell, width in zip(row, widths, strict=True))
        if page and used + max(1, lines) > LINES:
            yield page
            page, used = [], 0
        page.append(row)
        used += max(1, lines)
    if page:
        yield page


def add_table(slide: Slide, head: list[str], rows: list[list[str]], widths: list[float]) -> None:
    """A native table."""
    table = slide.shapes.add_table(len(rows) + 1, len(head), LEFT, TOP, BODY, Inches(0.28 * (len(rows) + 1))).table
    size = Pt(8 if len(head) > FEW else 10)
    for place, width in enumerate(widths):
        table.columns[place].width = Emu(int(BODY * width))
    for line, row in enumerate([head, *rows]):
        for place, text in enumerate(row):
            cell = table.cell(line, place)
            cell.text = text
            cell.margin_top = cell.margin_bottom = Emu(20_000)
            for paragraph in cell.text_frame.paragraphs:
                paragraph.font.size = size


def add_chart(slide: Slide, chart: Chart) -> None:
    """The figure as a chart that can be edited."""
    data, kind = make_steps(chart) if chart.kind == "steps" else make_categories(chart)
    frame: Any = slide.shapes.add_chart(kind, LEFT, TOP, BODY, TALL, data)
    drawn = frame.chart
    drawn.has_legend = len(chart.series) > 1
    if drawn.has_legend:
        drawn.legend.position, drawn.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    name_axis(drawn.category_axis, chart.x_title)
    name_axis(drawn.value_axis, chart.y_title)
    if chart.kind == "steps":
        drawn.value_axis.minimum_scale, drawn.value_axis.maximum_scale = 0, 100
    drawn.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    drawn.value_axis.major_gridlines.format.line.color.rgb = RGBColor(0xE5, 0xE7, 0xEB)
    for series, color in zip(drawn.plots[0].series, cycle(LIGHT), strict=False):
        side = series.format.fill if chart.kind == "bars" else series.format.line.fill
        side.solid()
        side.fore_color.rgb = RGBColor.from_string(color.removeprefix("#"))
        if chart.kind != "bars":
            series.smooth = False


def name_axis(axis: Any, title: str) -> None:
    """The title of an axis and the size of its numbers."""
    axis.has_title = bool(title)
    if title:
        axis.axis_title.text_frame.text = title
        axis.axis_title.text_frame.paragraphs[0].font.size = Pt(12)
    axis.tick_labels.font.size = Pt(11)


def make_steps(chart: Chart) -> tuple[Any, XL_CHART_TYPE]:
    """Step lines over a numeric axis.

    All lines share their x: some programs show only the last of several lines that each have x of their own.
    """
    data: Any = XyChartData()
    xs = sorted({x for points in chart.series.values() for x, _ in points})
    for name, points in chart.series.items():
        line = data.add_series(name)
        before: float | None = None
        last = points[-1][0]
        at = dict(points)
        for x in xs:
            now = at.get(x, before) if x <= last else None
            line.add_data_point(x, before if x <= last and before is not None else now)
            line.add_data_point(x, now)
            before = now
    return data, XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS


def make_categories(chart: Chart) -> tuple[Any, XL_CHART_TYPE]:
    """Lines or bars over categories."""
    data: Any = CategoryChartData()
    data.categories = chart.categories
    for name, values in chart.series.items():
        data.add_series(name, values)
    # Each patient has one bar: beside each other the arms would leave gaps.
    return data, XL_CHART_TYPE.COLUMN_STACKED if chart.kind == "bars" else XL_CHART_TYPE.LINE_MARKERS
