"""What each sampler did: how much it cut, and how undecided the rest is."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.docks.sampling_names import stage_label
from app.docks.xray_plot import LABEL_SHARE, Brushes, percent
from engine.lm.xray import Step, Xray


class XraySteps(QWidget):
    """A row for the model and for each sampler that is on, in their order."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps: tuple[Step, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(200)
        self.setAccessibleName(self.tr("What each sampler did"))

    def show_xray(self, picture: Xray) -> None:
        """Show another place, or the same one under other settings."""
        self._steps = picture.steps
        self.setFixedHeight(self.sizeHint().height())
        self.setAccessibleDescription("; ".join(map(self.tell, self._steps)))
        self.update()

    def tell(self, step: Step) -> str:
        """One stage in words."""
        return f"{stage_label(step.name)}: {self.count_text(step)}, {self.bits_text(step)}"

    def count_text(self, step: Step) -> str:
        """What was cut, as tokens and as a share of the chances before the stage; what is left."""
        if step.name == "model":
            return self.tr("%1 tokens").replace("%1", number(step.kept))
        if not step.cut:
            return self.tr("nothing cut")
        text = self.tr("cut %1 (%2), %3 left")
        text = text.replace("%1", number(step.cut)).replace("%2", percent(step.lost))
        return text.replace("%3", number(step.kept))

    def bits_text(self, step: Step) -> str:
        """The entropy of what is left."""
        return self.tr("%1 bits").replace("%1", f"{step.entropy:.1f}")

    @property
    def row_height(self) -> int:
        """Pixels of one stage: two lines."""
        return self.fontMetrics().height() * 2 + 10

    def sizeHint(self) -> QSize:
        """A row for each stage."""
        return QSize(280, self.row_height * len(self._steps) + 4)

    def paintEvent(self, _event) -> None:
        """Draw name and share of each stage, and its numbers under them."""
        painter = QPainter(self)
        brushes = Brushes(self.palette())
        fine = self.fontMetrics()
        line = fine.height()
        names = [stage_label(step.name) for step in self._steps]
        widest = max((fine.horizontalAdvance(name) for name in names), default=0)
        label = min(widest + 4, int(self.width() * LABEL_SHARE))
        bits = fine.horizontalAdvance(self.tr("%1 bits").replace("%1", "00.0")) + 6
        left, room = label + 8, self.width() - label - bits - 12
        for n, (step, name) in enumerate(zip(self._steps, names, strict=True)):
            top = n * self.row_height + 3
            painter.setPen(brushes.ink)
            shown = fine.elidedText(name, Qt.TextElideMode.ElideRight, label)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, top, label, line), right, shown)
            kept = room * (1 - step.lost)
            bar = QRectF(left, top + 3, kept, line - 6)
            brushes.solid(painter, bar)
            brushes.hatched(painter, QRectF(left + kept, top + 3, room - kept, line - 6))
            painter.setPen(brushes.ink)
            painter.drawText(
                QRectF(self.width() - bits - 2, top, bits, line), right, self.bits_text(step)
            )
            painter.setPen(brushes.dim)
            wide = self.width() - left - 2
            words = fine.elidedText(self.count_text(step), Qt.TextElideMode.ElideRight, wide)
            place = QRectF(left, top + line, wide, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, words)


def number(n: int) -> str:
    """A count with its thousands parted."""
    return f"{n:,}".replace(",", "\u202f")
