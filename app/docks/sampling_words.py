"""Lists of words in the sampling panel: bans, biases, breakers, stop strings, with their token ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.docks.sampling_choice import Chooser
from engine.lm.knobs import Words
from engine.lm.settings import MAX_BIAS, MAX_PROMPT, MAX_WORD, MAX_WORDS

ROWS_SHOWN = 3
NEW_BIAS = 1.0  # nats, where none was typed
Ids = Callable[[str], str]


class WordTable(QTableWidget):
    r"""One text a row, with a number if ``biased``, and the ids that the model knows it by.

    An empty last row takes new texts; Delete removes the rows that are chosen. Line breaks and tabs
    are written ``\n`` and ``\t``.

    Signals:
        edited: a person changed it.
    """

    edited = Signal()

    def __init__(self, name: str, ids: Ids, parent: QWidget | None = None, *, biased: bool) -> None:
        super().__init__(0, 3 if biased else 2, parent)
        self._ids = ids
        self._biased = biased
        self._vocabulary = ""
        titles = [self.tr("Text"), self.tr("Bias"), self.tr("Token ids")]
        self.setHorizontalHeaderLabels(titles if biased else [titles[0], titles[2]])
        self.setAccessibleName(name)
        self.verticalHeader().hide()
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setShowGrid(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        if biased:
            header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        height = self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(header.sizeHint().height() + ROWS_SHOWN * height + 4)
        self.cellChanged.connect(self._cell_changed)

    def texts(self) -> tuple[str, ...]:
        """The texts, each once, in their order."""
        found = (self._text(row) for row in range(self.rowCount()))
        return tuple(dict.fromkeys(text for text in found if text))[:MAX_WORDS]

    def biases(self) -> tuple[tuple[str, float], ...]:
        """Texts and their numbers, each text once."""
        found: dict[str, float] = {}
        for row in range(self.rowCount()):
            if text := self._text(row):
                found[text] = self._bias(row)
        return tuple(found.items())[:MAX_WORDS]

    def show_texts(self, texts: Sequence[str]) -> None:
        """Show a list; nobody is told."""
        if tuple(texts) != self.texts() or not self.rowCount():
            self._fill([(text, 0.0) for text in texts])

    def show_biases(self, pairs: Sequence[tuple[str, float]]) -> None:
        """Show texts and numbers; nobody is told."""
        if tuple(pairs) != self.biases() or not self.rowCount():
            self._fill(pairs)

    def show_ids(self, vocabulary: str) -> None:
        """Write the ids anew if ``vocabulary`` is another than before: it has others."""
        if vocabulary == self._vocabulary:
            return
        self._vocabulary = vocabulary
        with QSignalBlocker(self):
            for row in range(self.rowCount()):
                self._put_ids(row)

    def changeEvent(self, event: QEvent) -> None:
        """Other colours for the ids, too."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self._vocabulary:
            seen, self._vocabulary = self._vocabulary, ""
            self.show_ids(seen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete and Backspace remove the rows that are chosen."""
        if event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
            rows = sorted({index.row() for index in self.selectedIndexes()}, reverse=True)
            with QSignalBlocker(self):
                for row in rows:
                    if row < self.rowCount() - 1:
                        self.removeRow(row)
            if rows:
                self.edited.emit()
            return
        super().keyPressEvent(event)

    def _fill(self, pairs: Sequence[tuple[str, float]]) -> None:
        with QSignalBlocker(self):
            self.setRowCount(0)
            for text, bias in (*pairs, ("", 0.0)):
                self._add(text, bias)

    def _add(self, text: str, bias: float) -> None:
        row = self.rowCount()
        self.insertRow(row)
        self.setItem(row, 0, QTableWidgetItem(escape(text)))
        if self._biased:
            item = QTableWidgetItem(f"{bias:+g}" if text else "")
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, 1, item)
        ids = QTableWidgetItem()
        ids.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        self.setItem(row, self.columnCount() - 1, ids)
        self._put_ids(row)

    def _put_ids(self, row: int) -> None:
        item, text = self.item(row, self.columnCount() - 1), self._text(row)
        if item is None:
            return
        words = self._ids(text) if text else ""
        if not text:
            last = row == self.rowCount() - 1
            words = self.tr("type to add") if last else ""
        item.setText(words)
        item.setToolTip(words)
        item.setForeground(self.palette().placeholderText())

    def _text(self, row: int) -> str:
        item = self.item(row, 0)
        return unescape(item.text())[:MAX_WORD] if item is not None else ""

    def _bias(self, row: int) -> float:
        item = self.item(row, 1)
        try:
            value = float(item.text().replace(",", ".")) if item is not None else NEW_BIAS
        except ValueError:
            return NEW_BIAS
        return max(-MAX_BIAS, min(MAX_BIAS, value)) if value == value else NEW_BIAS

    @Slot(int, int)
    def _cell_changed(self, row: int, column: int) -> None:
        if column == self.columnCount() - 1:
            return
        with QSignalBlocker(self):
            if self._biased:
                item = self.item(row, 1)
                if item is not None:
                    item.setText(f"{self._bias(row):+g}" if self._text(row) else "")
            if row == self.rowCount() - 1 and self._text(row):
                self._add("", 0.0)
            self._put_ids(row)
        self.edited.emit()


class WordsRow(QWidget):
    """One setting that is made of words: its name, its editor, a sentence.

    Signals:
        changed: the field and its new value.
    """

    changed = Signal(str, object)

    def __init__(
        self, words: Words, chooser: Chooser, editor: QWidget, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.words = words
        self._chooser = chooser
        self.editor = editor
        self.label = QLabel(words.label, self)
        self.label.setBuddy(editor)
        self.help = QLabel(words.help, self)
        self.help.setWordWrap(True)
        self.help.setProperty("quiet", "true")
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 4, 0, 8)
        lines.setSpacing(4)
        for widget in (self.label, editor, self.help):
            lines.addWidget(widget)
        if isinstance(editor, WordTable):
            editor.edited.connect(self._edited)
        elif isinstance(editor, QPlainTextEdit):
            editor.textChanged.connect(self._edited)
        self.changed.connect(chooser.set)

    def show_value(self, value: object) -> None:
        """Show what holds; nobody is told."""
        editor = self.editor
        if isinstance(editor, QPlainTextEdit):
            if editor.toPlainText() != value:
                with QSignalBlocker(editor):
                    editor.setPlainText(str(value))
        elif isinstance(editor, WordTable):
            show = editor.show_biases if self.words.kind == "biases" else editor.show_texts
            show(value)  # type: ignore[arg-type]
            editor.show_ids(self._chooser.vocabulary)

    def set_reason(self, reason: str) -> None:
        """Grey it out with a reason; an empty one makes it usable."""
        self.label.setEnabled(not reason)
        self.editor.setEnabled(not reason)
        self.help.setText(reason or self.words.help)

    def _value(self) -> object:
        if isinstance(self.editor, QPlainTextEdit):
            return self.editor.toPlainText()[:MAX_PROMPT]
        assert isinstance(self.editor, WordTable)
        return self.editor.biases() if self.words.kind == "biases" else self.editor.texts()

    @Slot()
    def _edited(self) -> None:
        self.changed.emit(self.words.field, self._value())


def words_row(words: Words, chooser: Chooser, parent: QWidget | None = None) -> WordsRow:
    """The editor that suits a setting of words."""
    if words.kind == "text":
        editor: QWidget = QPlainTextEdit(parent)
        editor.setAccessibleName(words.label)
        editor.setFixedHeight(editor.fontMetrics().lineSpacing() * 3 + 16)
        assert isinstance(editor, QPlainTextEdit)
        editor.setTabChangesFocus(True)
    else:
        editor = WordTable(words.label, chooser.ids, parent, biased=words.kind == "biases")
    return WordsRow(words, chooser, editor, parent)


def escape(text: str) -> str:
    """A text on one line: line breaks and tabs written out."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def unescape(text: str) -> str:
    """The text that was written on one line."""
    out, chars = [], iter(text)
    for char in chars:
        if char != "\\":
            out.append(char)
            continue
        after = next(chars, "")
        out.append({"n": "\n", "t": "\t", "\\": "\\"}.get(after, "\\" + after))
    return "".join(out)
