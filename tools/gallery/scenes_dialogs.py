"""Pictures of dialogs."""

from __future__ import annotations

from tools.gallery.studio import Studio, shot


@shot("dialogs")
def _dialogs(studio: Studio) -> None:
    from app.errors import CrashDialog, report
    from app.help import AboutDialog, KeysDialog
    from app.placeholders_dialog import PlaceholdersDialog, Question

    window = studio.window
    questions = [
        Question("name", "What is your name?", "Petra"),
        Question("weapon", "What do you carry?", "a knife", ("a knife", "a sword", "an ax")),
    ]
    try:
        raise ValueError("an example")
    except ValueError as error:
        text = report(error)
    for name, dialog in (
        ("questions", PlaceholdersDialog("Under Castle Gray", questions, window)),
        ("keyboard", KeysDialog(window.actions_, window)),
        ("about", AboutDialog("Documents/Brass Lantern", "models", window)),
        ("crash", CrashDialog(text, window)),
    ):
        with studio.dialog(dialog):
            studio.take(name, dialog)


@shot("models")
def _models(studio: Studio) -> None:
    from engine.lm.remote.servers import Kind, Server, put_server

    studio.open("Under Castle Gray")
    put_server(Server("Big box", "http://192.168.0.7:8000/v1", Kind.VLLM))
    dialog = studio.window.dialogs.models()
    dialog.models.list.pick("gpt2-medium")
    studio.wait(dialog.models.detail.fit.advice.text)
    studio.pause(100)
    studio.take("models", dialog)
    dialog.tabs.setCurrentWidget(dialog.servers)
    dialog.servers.list.pick("Big box")
    studio.pause(100)
    studio.take("servers", dialog)
    dialog.tabs.setCurrentWidget(dialog.models)
    dialog.close()


@shot("settings")
def _settings(studio: Studio) -> None:
    dialog = studio.window.dialogs.settings()
    for page, name in enumerate(("settings", "settings-look", "settings-model")):
        dialog.tabs.setCurrentIndex(page)
        studio.pause(100)
        studio.take(name, dialog)
    dialog.close()
