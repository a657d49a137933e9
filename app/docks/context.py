"""What the model sees: the window of the next turn, word for word and accounted for."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from app.docks.context_bar import ContextBar
from app.docks.context_ledger import Ledger
from app.docks.context_text import ContextText
from app.docks.parts import Parts
from app.introduction import Introduction
from engine.errors import KnownError
from engine.story.foresight import leaving
from engine.story.ledger import Context
from engine.turn import Turn, drafted, eviction_block, see, sources

PAUSE = 25  # ms: keys in a burst are answered once
NARROWEST, USUAL = 250, 330  # pixels
_SOON = 0.05  # seconds that nobody notices


class ContextPanel(QWidget):
    """Builds the window exactly as the next turn will, with what stands in the prompt line."""

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self.context: Context | None = None
        self._live: Turn | None = None  # the turn that is being written
        self.intro = Introduction(
            "context",
            self.tr(
                "A model of this size reads no more than a window of text. This is that window, "
                "with what you are typing: coloured by where each part comes from, word for word. "
                "Click a line to find its part."
            ),
            parts.preferences,
            self,
        )
        self._summary = self._label("")
        self._summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._cost = self._label("")
        self._cost.setProperty("quiet", "true")
        self._bar = ContextBar(self)
        self.ledger = Ledger(self)
        self.text = ContextText(self)
        self._lay_out()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self.refresh)
        self._connect()
        self.refresh()

    def _label(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setWordWrap(True)
        return label

    def _lay_out(self) -> None:
        self.setMinimumWidth(NARROWEST)
        head = QWidget(self)
        column = QVBoxLayout(head)
        column.setContentsMargins(12, 10, 12, 8)
        column.setSpacing(6)
        for widget in (self.intro, self._summary, self._bar, self._cost):
            column.addWidget(widget)
        self._halves = QSplitter(Qt.Orientation.Vertical, self)
        self._halves.setChildrenCollapsible(False)
        self._halves.addWidget(self.ledger)
        self._halves.addWidget(self.text)
        self._halves.setStretchFactor(0, 1)
        self._halves.setStretchFactor(1, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(head)
        outer.addWidget(self._halves, 1)

    def _connect(self) -> None:
        writer, desk = self._parts.writer, self._parts.desk
        for signal in (writer.opened, writer.changed, writer.model_changed):
            signal.connect(self._later)
        writer.turn_began.connect(self._began)
        writer.turn_ended.connect(self._ended)
        writer.ahead.rested.connect(self._later)  # read ahead: less is to be read again
        desk.prompt.line.textChanged.connect(self._later)
        desk.prompt.mode_changed.connect(self._later)
        self._parts.preferences.changed.connect(self._later)
        self.ledger.chosen.connect(self.text.show_span)
        self.text.asked.connect(self._go_to)

    @Slot()
    def _later(self) -> None:
        if self.isVisible():
            self._pause.start()

    @Slot(object)
    def _began(self, turn: Turn) -> None:
        self._live = turn
        self.refresh()

    @Slot(object)
    def _ended(self, _node: object) -> None:
        self._live = None
        self._later()

    def sizeHint(self) -> QSize:
        """Room for a line of reasons."""
        return QSize(USUAL, 640)

    def showEvent(self, event: QShowEvent) -> None:
        """What changed while nobody looked."""
        super().showEvent(event)
        self._pause.start()

    @Slot()
    def refresh(self) -> None:
        """Build the window anew and show it."""
        writer = self._parts.writer
        story, model, builder = writer.story, writer.model, writer.builder
        if story is None or model is None or builder is None:
            self._nothing(
                self.tr("Open a story to see it.")
                if story is None
                else self.tr("The model is waking up; the window is shown when it is there.")
            )
            return
        if self._live is not None:
            self._show(self._live.context, (), written=True)
            return
        play = writer.play(story)
        made_of = sources(story)
        node = None
        text = self._parts.desk.prompt.text.strip()
        if text:
            node = drafted(story, *writer.understood(self._parts.desk.prompt.mode, text))
            made_of = sources(story, draft=node)
        try:
            context = see(made_of, model.backend, builder, play)
        except KnownError as error:
            self._nothing(str(error))
            return
        block = eviction_block(model.backend)
        self._show(context, leaving(builder, made_of, context, block=block), written=False)

    def _nothing(self, why: str) -> None:
        self.context = None
        self.intro.set_only(on=True)
        self._summary.setText(why)
        self._cost.hide()
        self._bar.show_context(None)
        self._bar.hide()
        self._halves.hide()
        self.ledger.lines.set_entries(())
        self.text.show_context(None, ())

    def _show(self, context: Context, going: tuple[tuple[int, int], ...], *, written: bool) -> None:
        self.context = context
        self.intro.set_only(on=False)
        used, budget = len(context.tokens), context.budget
        if written:
            text = self.tr("%1 of %2 tokens: the answer is being written from this.")
        else:
            text = self.tr("%1 of %2 tokens, and %3 kept free for the answer.")
        model = self._parts.writer.model
        free = model.backend.n_ctx - budget if model is not None else 0
        for number, value in enumerate((used, budget, free), 1):
            text = text.replace(f"%{number}", str(value))
        self._summary.setText(text)
        self._cost.setText(" ".join(self._told(context, going, written=written)))
        self._cost.setVisible(bool(self._cost.text()))
        self._bar.show()
        self._halves.show()
        self._bar.show_context(context)
        self.ledger.lines.set_entries(context.ledger)
        self.text.show_context(context, going)

    def _told(
        self, context: Context, going: tuple[tuple[int, int], ...], *, written: bool
    ) -> list[str]:
        """Sentences: what is read again and how long that takes, what the next turn drops."""
        told = list(context.notices)
        backend = self._parts.writer.model.backend if self._parts.writer.model else None
        kept = getattr(backend, "kept", None)
        if kept is not None and not written:
            again = len(context.tokens) - kept(context.tokens)
            seconds = again * getattr(backend, "seconds_per_token", 0.0)
            if again <= 1:
                told.append(self.tr("All of it has been read already."))
            elif seconds <= _SOON:
                text = self.tr("%1 tokens are still to be read, in no time.")
                told.append(text.replace("%1", str(again)))
            else:
                text = self.tr("%1 tokens are still to be read: about %2 s.")
                told.append(text.replace("%1", str(again)).replace("%2", f"{seconds:.1f}"))
        if going:
            letters = sum(end - start for start, end in going)
            text = self.tr("The next turn will likely push out %1 words (dashed).")
            words = sum(len(context.text[start:end].split()) for start, end in going)
            told.append(text.replace("%1", str(words)) if letters else "")
        return told

    @Slot(int, int)
    def _go_to(self, node: int, character: int) -> None:
        """Show a passage on the page."""
        page = self._parts.desk.page
        try:
            offset = page.places.offset_of(node, character)
        except ValueError:
            return  # still being typed in the prompt line
        page.select(offset, offset)
        page.setFocus()
