"""Pictures of the window itself: at home, playing, writing, finding."""

from __future__ import annotations

from tools.gallery.studio import Studio, shot


@shot("home")
def _home(studio: Studio) -> None:
    studio.home()
    studio.take("home")


@shot("first-start")
def _first(studio: Studio) -> None:
    studio.home()
    studio.app.preferences.update(greeted=False, last_story="")
    studio.window.librarian.feature(None)
    studio.window.home.set_stories([], any_at_all=False)
    studio.pause()
    studio.take("first-start")


@shot("adventure")
def _adventure(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    studio.window.desk.prompt.set_text("open the door in the north wall")
    studio.pause(500)
    studio.take("adventure")
    studio.window.desk.prompt.line.clear()


@shot("streaming")
def _streaming(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    writer, model = studio.window.writer, studio.window.desk.page.model
    for _ in range(9):  # until a reply is long enough to be caught half-way
        writer.retry()
        studio.wait(
            lambda: not writer.streaming or (model.draft is not None and len(model.draft.text) > 30)
        )
        if writer.streaming:
            break
    studio.window.desk.prompt.set_text("call for Jan")
    studio.pause(60)
    studio.take("streaming")
    studio.window.writer.stop()
    studio.window.writer.undo()
    studio.window.desk.prompt.line.clear()


@shot("suggestions")
def _suggestions(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    studio.window.desk.prompt.show_suggestions(
        ["You open the door.", "You call for Jan.", "You look behind the shield."]
    )
    studio.pause(60)
    studio.take("suggestions")
    studio.window.desk.prompt.show_suggestions([])


@shot("writing")
def _writing(studio: Studio) -> None:
    studio.open("The Ferry")
    studio.pause(500)
    studio.take("writing")


@shot("poem")
def _poem(studio: Studio) -> None:
    studio.open("Rain at Night")
    studio.pause(500)
    studio.take("poem")


@shot("find")
def _find(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    bar = studio.window.desk.find_bar
    bar.needle.setText("shield")
    bar.open_with_selection()
    studio.pause(400)
    studio.take("find")
    bar.dismiss()


@shot("focus")
def _focus(studio: Studio) -> None:
    studio.open("The Ferry")
    studio.window.actions_["focus"].trigger()
    studio.pause()
    studio.take("focus")
    studio.window.actions_["focus"].trigger()


@shot("narrow")
def _narrow(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    size = studio.window.size()
    studio.window.resize(560, 560)
    studio.pause()
    studio.take("narrow")
    studio.home()
    studio.take("narrow-home")
    studio.window.resize(size)
    studio.pause(60)
