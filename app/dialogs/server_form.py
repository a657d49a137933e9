"""The entry of one server: its fields, and what is wrong with them while they are typed."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.style import pad
from engine.errors import KnownError
from engine.lm.remote.keys import MAX_KEY
from engine.lm.remote.servers import (
    LARGEST_WINDOW,
    MAX_MODEL,
    MAX_NAME,
    MAX_URL,
    Kind,
    Server,
    checked_url,
)
from engine.story.profile import FAMILIES


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the fields, right or wrong; ``key`` is not shown to anybody."""

    name: str = ""
    url: str = ""
    kind: Kind = Kind.AUTO
    model: str = ""
    n_ctx: int = 0
    family: str = ""
    key: str = ""

    def __repr__(self) -> str:
        return f"Draft({self.name!r})"  # no key in a log or a report

    def server(self) -> Server:
        """The entry.

        Raises:
            KnownError: what is wrong with it.
        """
        return Server(
            self.name.strip(), checked_url(self.url), self.kind, self.model.strip(), self.n_ctx,
            self.family,
        )  # fmt: skip


def draft_of(server: Server) -> Draft:
    """The fields of an entry."""
    return Draft(server.name, server.url, server.kind, server.model, server.n_ctx, server.family)


class ServerForm(QWidget):
    """The fields.

    Signals:
        edited: a person changed one of them.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = QLineEdit(self)
        self.name.setMaxLength(MAX_NAME)
        self.url = QLineEdit(self)
        self.url.setMaxLength(MAX_URL)
        self.url.setPlaceholderText("http://192.168.0.7:8000/v1")
        self.key = QLineEdit(self)
        self.key.setMaxLength(MAX_KEY)
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setPlaceholderText(self.tr("only if it wants one; a saved one stays"))
        self.kind = QComboBox(self)
        for kind, text in (
            (Kind.AUTO, self.tr("Found out by asking")),
            (Kind.OPENAI, self.tr("OpenAI-compatible (LM Studio, Ollama…)")),
            (Kind.VLLM, "vLLM"),
            (Kind.LLAMACPP, self.tr("llama.cpp's server")),
            (Kind.LLAMA_PYTHON, "llama-cpp-python"),
            (Kind.KOBOLD, self.tr("KoboldCpp, KoboldAI")),
        ):
            self.kind.addItem(text, kind)
        self.model = QComboBox(self)
        self.model.setEditable(True)
        self.model.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        line = self.model.lineEdit()
        if line is not None:
            line.setMaxLength(MAX_MODEL)
            line.setPlaceholderText(self.tr("the first one it lists"))
            line.setFrame(False)
            line.setObjectName("inside")
        self.n_ctx = QSpinBox(self)
        pad(self.n_ctx)
        self.n_ctx.setRange(0, LARGEST_WINDOW)
        self.n_ctx.setSpecialValueText(self.tr("as the server says"))
        self.n_ctx.setSuffix(self.tr(" tokens"))
        self.n_ctx.setSingleStep(256)
        self.family = QComboBox(self)
        self.family.addItem(self.tr("By the model's name"), "")
        names = {"gpt2": self.tr("Plain, as for GPT-2"), "ember": self.tr("As for Ember"),
                 "dungeon": self.tr("As for AI Dungeon")}  # fmt: skip
        for family in FAMILIES:
            self.family.addItem(names.get(family, family), family)
        self.warning = QLabel(self)
        self.warning.setWordWrap(True)
        self.warning.setProperty("warning", "true")
        self._quiet = False
        self._lay_out()
        for signal in (
            self.name.textChanged, self.url.textChanged, self.key.textChanged,
            self.kind.currentIndexChanged, self.model.editTextChanged, self.n_ctx.valueChanged,
            self.family.currentIndexChanged,
        ):  # fmt: skip
            signal.connect(self._changed)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setVerticalSpacing(8)
        for text, field in (
            (self.tr("Name"), self.name),
            (self.tr("Address"), self.url),
            (self.tr("Key"), self.key),
            (self.tr("Kind"), self.kind),
            (self.tr("Model"), self.model),
            (self.tr("Window"), self.n_ctx),
            (self.tr("Stories are shown"), self.family),
        ):
            field.setAccessibleName(text)
            field.setMinimumWidth(150)
            if isinstance(field, QComboBox):
                field.setSizeAdjustPolicy(
                    QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
                )
            form.addRow(text, field)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(8)
        lines.addLayout(form)
        lines.addWidget(self.warning)

    @property
    def draft(self) -> Draft:
        """What stands in the fields."""
        return Draft(
            self.name.text(), self.url.text(), Kind(self.kind.currentData()), self.model.currentText(),
            self.n_ctx.value(), self.family.currentData(), self.key.text(),
        )  # fmt: skip

    def show_draft(self, draft: Draft) -> None:
        """Fill the fields."""
        self._quiet = True
        self.name.setText(draft.name)
        self.url.setText(draft.url)
        self.key.setText(draft.key)
        self.kind.setCurrentIndex(max(self.kind.findData(draft.kind), 0))
        self.model.clear()
        self.model.setEditText(draft.model)
        self.n_ctx.setValue(draft.n_ctx)
        self.family.setCurrentIndex(max(self.family.findData(draft.family), 0))
        self._quiet = False
        self._warn()

    def offer_models(self, names: tuple[str, ...]) -> None:
        """List what the server has; what was typed stays."""
        self._quiet = True
        text = self.model.currentText()
        self.model.clear()
        self.model.addItems(list(names))
        self.model.setEditText(text)
        self._quiet = False

    @Slot()
    def _changed(self) -> None:
        self._warn()
        if not self._quiet:
            self.edited.emit()

    def _warn(self) -> None:
        """Say in time that what is sent could be read on the way."""
        try:
            text = Server("x", checked_url(self.url.text())).warning
        except KnownError:
            text = ""
        self.warning.setText(text)
        self.warning.setVisible(bool(text))
