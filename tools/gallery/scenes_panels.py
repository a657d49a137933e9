"""Pictures of the panels."""

from __future__ import annotations

from tools.gallery.studio import Studio, shot

WIDE = (1280, 800)
NARROW = (1024, 700)


@shot("sampling")
def _sampling(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    with studio.panels("sampling") as (panel,):
        studio.wait(lambda: panel.xray.source.fresh)
        studio.pause(300)
        studio.take("sampling")
        panel.xray.stages.click()
        for section in panel.knobs.sections.values():
            section.button.setChecked(not section.button.isChecked())
        studio.pause(300)
        studio.take("sampling-steps")
        panel.xray.words.click()
        for section in panel.knobs.sections.values():
            section.button.setChecked(not section.button.isChecked())
        with studio.size(560, 560):
            studio.pause(300)
            studio.take("sampling-narrow")


@shot("memory")
def _memory(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    with studio.panels("memory") as (panel,):
        panel.show_page(0)
        studio.pause()
        studio.take("memory")
        panel.show_page(2)
        studio.pause(60)
        studio.wait(lambda: not panel.lore.survey.busy)
        studio.take("lore")


@shot("context")
def _context(studio: Studio) -> None:
    from PySide6.QtGui import QTextCursor

    from engine.story.ledger import Source

    studio.open("The Bell with No Tongue")
    story = studio.writer.story
    assert story is not None
    head = story.head
    with studio.size(*WIDE), studio.panels("context") as (panel,):
        studio.wait(lambda: panel.context is not None)
        studio.settle()
        panel.text.show_span(Source.HISTORY)  # where the next turn takes something out
        studio.pause()
        studio.take("context-full")
        panel.text.moveCursor(QTextCursor.MoveOperation.End)
        story.go_to(story.branch()[8].id)  # when there was room yet
        with studio.typed("look for the cat"):
            studio.settle()
            panel.ledger.scrollToBottom()  # what is out, and why
            studio.pause()
            studio.take("context")
        story.go_to(head)


@shot("branches")
def _branches(studio: Studio) -> None:
    studio.open("The Clock Under the Lake")
    story = studio.writer.story
    assert story is not None
    with studio.size(*WIDE), studio.panels("branches") as (panel,):
        outline = panel.outline
        rows = [outline.rows.index(row, 0) for row in range(outline.rows.rowCount())]
        for index in rows:
            outline.setExpanded(index, outline.rows.hasChildren(index))
        studio.pause()
        studio.take("branches")
        panel.show_view(1)
        studio.pause()
        studio.take("branches-map")
        panel.choose(story.branches["The tower"])
        panel.compare.click()
        studio.pause()
        dialog = studio.qt.activeModalWidget()
        assert dialog is not None
        studio.take("compare", dialog)
        dialog.close()
        panel.show_view(0)


@shot("candidates")
def _candidates(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    with studio.size(*WIDE), studio.panels("candidates") as (panel,), studio.undone():
        with studio.typed("open the door in the north wall"):
            panel.write.click()
            studio.wait(
                lambda: (
                    not studio.writer.streaming
                    or min(len(one.words.toPlainText()) for one in panel.columns) > 60
                )
            )
            studio.take("candidates-streaming")
        studio.settle()
        studio.pause(300)
        studio.take("candidates")
    with studio.size(*WIDE), studio.panels("candidates") as (panel,):
        panel.own.setChecked(True)
        studio.pause()
        studio.take("candidates-presets")
        panel.own.setChecked(False)


@shot("panels-narrow")
def _narrow(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    with studio.size(*NARROW), studio.panels("branches", "context"):
        studio.settle()
        studio.take("panels-narrow")
