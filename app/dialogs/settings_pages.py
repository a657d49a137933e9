"""The pages of the settings: which field stands where, with its words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QScrollArea,
    QSizePolicy,
    QSpacerItem,
    QWidget,
)

from app.dialogs.setting_fields import Choice, Decimal, Folder, Number, SettingField, Toggle
from app.models import spoken
from app.settings import DEVICES, DTYPES
from app.theme import BOOK_FAMILY, SYSTEM, load_theme, theme_ids
from engine import paths
from engine.lm import library
from engine.lm.remote.servers import PREFIX, load_servers


def _tr(text: str) -> str:
    return QCoreApplication.translate("Settings", text)


def pages(parent: QWidget) -> list[tuple[str, list[SettingField]]]:
    """Title and fields of each page."""
    return [
        (_tr("Writing"), _writing(parent)),
        (_tr("Look"), _look(parent)),
        (_tr("Model"), _model(parent)),
        (_tr("Folders"), _folders(parent)),
    ]


def _writing(parent: QWidget) -> list[SettingField]:
    quotes = [
        ("as written", _tr("As written")), ("curly", _tr("Curly")), ("straight", _tr("Straight")),
    ]  # fmt: skip
    return [
        Number("reply_tokens", _tr("Length of replies"),
               _tr("A token is about three quarters of a word. A story may have a length of its own."),
               parent, suffix=_tr(" tokens"), step=10),
        Number("suggestions", _tr("Suggested actions"),
               _tr("How many are offered when you ask for some."), parent),
        Toggle("read_ahead", _tr("Read ahead"),
               _tr("While you read, the model reads what the next reply needs, so that it begins "
                   "sooner. Costs a little electricity."), parent),
        Toggle("show_authors", _tr("Show who wrote what"),
               _tr("Your words and the model's are told apart on the page."), parent),
        Number("session_target", _tr("Session target"),
               _tr("Words you mean to write in a sitting."), parent,
               suffix=_tr(" words"), step=50, zero=_tr("none")),
        Choice("quotes", _tr("Quotation marks"),
               _tr("In exports and copies. The story itself stays as it was written."), quotes, parent),
    ]  # fmt: skip


def _look(parent: QWidget) -> list[SettingField]:
    themes = [(SYSTEM, _tr("As the desktop"))]
    themes += [(name, load_theme(name).name) for name in theme_ids()]
    fonts = [("", _tr("%1, the book face").replace("%1", BOOK_FAMILY))]
    fonts += [
        (f, f) for f in QFontDatabase.families() if f != BOOK_FAMILY and not f.startswith(".")
    ]
    return [
        Choice("theme", _tr("Theme"), "", themes, parent),
        Choice("font", _tr("Font of the page"), "", fonts, parent),
        Number("font_size", _tr("Size of its letters"), "", parent, suffix=_tr(" points")),
        Decimal("line_height", _tr("Height of its lines"),
                _tr("In multiples of the size of the letters."), parent),
        Number("measure", _tr("Length of its lines"),
               _tr("Around 65 characters read best."), parent, suffix=_tr(" characters")),
    ]  # fmt: skip


def _model(parent: QWidget) -> list[SettingField]:
    devices = {
        "auto": _tr("The fastest there is"),
        "cpu": _tr("Processor"),
        "cuda": _tr("NVIDIA or AMD graphics card"),
        "mps": _tr("Apple graphics"),
    }
    dtypes = {
        "auto": _tr("What is fastest here"),
        "float32": _tr("float32: exact, the most memory"),
        "bfloat16": _tr("bfloat16: half the memory"),
        "float16": _tr("float16: half the memory, graphics cards only"),
        "int8": _tr("int8: a quarter, processor only"),
    }
    return [
        Choice("model", _tr("Model"),
               _tr("It writes from now on, and when the program starts. More of them: Story, "
                   "Models."), model_choices(), parent),
        Choice("device", _tr("Calculates on"), "", [(d, devices[d]) for d in DEVICES], parent),
        Choice("dtype", _tr("Numbers"),
               _tr("Coarser numbers take less memory and are faster; the text changes a little."),
               [(d, dtypes[d]) for d in DTYPES], parent),
        Number("threads", _tr("Threads"),
               _tr("Of the processor. Fewer leave more for other programs."), parent,
               zero=_tr("automatic")),
    ]  # fmt: skip


def model_choices() -> list[tuple[str, str]]:
    """Every model that can be chosen now: those of this machine, then the servers."""
    names = [library.BUILT_IN, *(one.name for one in library.installed() if not one.problem)]
    servers = [PREFIX + server.name for server in load_servers()[0]]
    return [
        *((name, spoken(name)) for name in names),
        *((name, _tr("Server: %1").replace("%1", spoken(name))) for name in servers),
    ]


def _folders(parent: QWidget) -> list[SettingField]:
    return [
        Folder("stories", _tr("Stories"),
               _tr("New stories are made here, and these are listed. Those in another folder stay "
                   "there."), paths.stories(), parent),
        Folder("models_folder", _tr("Models"),
               _tr("Downloads come here. Models in another folder stay there, and are not listed."),
               paths.data_home() / "models", parent),
    ]  # fmt: skip


def laid_out(fields: list[SettingField], parent: QWidget) -> QScrollArea:
    """A page of fields under their labels."""
    inside = QWidget(parent)
    form = QFormLayout(inside)
    form.setContentsMargins(20, 16, 20, 16)
    form.setVerticalSpacing(14)
    form.setHorizontalSpacing(18)
    form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
    for field in fields:
        form.addRow("" if isinstance(field, Toggle) else field.label, field)
    policy = QSizePolicy.Policy
    form.addItem(QSpacerItem(0, 0, policy.Minimum, policy.Expanding))
    page = QScrollArea(parent)
    page.setObjectName("detail")
    page.setFrameShape(QFrame.Shape.NoFrame)
    page.setWidgetResizable(True)
    page.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    page.setWidget(inside)
    return page
