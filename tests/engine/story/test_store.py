"""The story file: durable, recoverable, one file, and patient with bad disks."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import paths
from engine.errors import KnownError
from engine.story import backup, schema, storyfile
from engine.story.node import Author, Kind, ReplyMeta
from engine.story.store import Store, lock_of
from engine.story.tree import Story

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "A story.story"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store.create(path)
    story = store.story
    story.append(Kind.OPENING, "You stand in a yard.")
    story.append(Kind.DO, "You open the chest.")
    meta = ReplyMeta("Ember", "ff", 3, {"temperature": 0.8}, (1, 2, 3), (-0.5, -1.0, -2.0))
    story.append(Kind.REPLY, "The lid creaks.", Author.MODEL, meta=meta)
    assert store.flush()
    yield store
    if store._writer is not None and store._writer.is_alive():
        store.close(discard=True)


def crash(store: Store) -> None:
    """Let go of everything as if the process had ended: no last writing, no tidying up."""
    writer = store._writer
    assert writer is not None
    with writer._wake:
        writer._batches.clear()
        writer._drafts.clear()
        writer._dirty = False
    writer.stop(5)
    store._lock.release()


def test_reopening_brings_everything_back(store: Store, path: Path) -> None:
    story = store.story
    story.set("title", "Yard")
    story.put_lore({"keys": ["chest"], "text": "It is old."})
    story.replace(0, 3, "We")
    story.undo()
    story.bookmark("here", 2)
    text, nodes = story.text, dict(story.state.nodes)
    store.close()
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208
    with Store.open(path) as again:
        assert again.damage == ()
        assert again.trouble is None
        assert again.story.text == text
        assert again.story.state.nodes == nodes
        assert again.story.title == "Yard"
        assert again.story.bookmarks == {"here": 2}
        assert again.story.undo() == "bookmark"
        assert again.story.undo() == "change lore"
        assert again.story.undo() == "change title"
        assert again.story.undo() == "reply"


def test_between_verbs_the_one_file_is_complete(store: Store, path: Path, tmp_path: Path) -> None:
    store.story.append(Kind.DO, "You leave.")
    assert store.flush()
    copy = tmp_path / "copy.story"
    shutil.copy(path, copy)
    with Store.open(copy) as other:
        assert other.story.text == store.story.text


def test_pragmas(store: Store, path: Path) -> None:
    assert store._writer is not None
    connection = store._writer._connection
    assert connection is not None
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] in {"truncate", b"truncate"}
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert connection.execute("PRAGMA application_id").fetchone()[0] == schema.APPLICATION_ID
    assert connection.execute("PRAGMA user_version").fetchone()[0] == schema.newest()
    assert connection.execute("PRAGMA secure_delete").fetchone()[0] == 1
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] in {"ok", b"ok"}


@pytest.mark.skipif(not shutil.which("strace"), reason="counts system calls with strace")
def test_each_verb_is_synced(path: Path, tmp_path: Path) -> None:
    script = tmp_path / "verbs.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from engine.story.node import Kind\n"
        "from engine.story.store import Store\n"
        "store = Store.create(Path(sys.argv[1]))\n"
        "for n in range(int(sys.argv[2])):\n"
        "    store.story.append(Kind.DO, f'go {n}')\n"
        "    assert store.flush()\n"
        "store.close()\n"
    )
    syncs = []
    for verbs in (2, 12):
        log = tmp_path / f"log{verbs}"
        target = path.with_name(f"{verbs}.story")
        command = ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", str(log)]
        command += [sys.executable, str(script), str(target), str(verbs)]
        traced = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if "ptrace" in traced.stderr.lower():
            pytest.skip("tracing is not permitted here")
        assert traced.returncode == 0, traced.stderr
        lines = [line for line in log.read_text().splitlines() if "sync(" in line]
        story = sum(f"{verbs}.story>" in line for line in lines)
        journal = sum(f"{verbs}.story-journal>" in line for line in lines)
        syncs.append((story, journal))
    # The file once a verb; its rollback journal before that (what is saved, then how much of it).
    assert syncs[1][0] - syncs[0][0] == 10, syncs
    assert 20 <= syncs[1][1] - syncs[0][1] <= 30, syncs


def test_a_verb_can_be_awaited(store: Store) -> None:
    store.story.append(Kind.DO, "You wait.")
    store.saved.result(10)
    assert store._writer is not None
    assert not store._writer.pending


def test_open_elsewhere(store: Store, path: Path) -> None:
    with pytest.raises(KnownError, match="open in another window"):
        Store.open(path)
    link = path.with_name("link.story")
    link.symlink_to(path)
    with pytest.raises(KnownError, match="open in another window"):
        Store.open(link)


def test_a_lock_ends_with_its_process(path: Path) -> None:
    Store.create(path).close()
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from engine.story.store import Store\n"
        "Store.open(Path(sys.argv[1]))\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, timeout=60, check=False)
    Store.open(path).close()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"Once upon a time", "not a Brass Lantern story"),
        (b"\x89PNG" + bytes(5000), "not a Brass Lantern story"),
        (b"SQLite format 3\0" + bytes(2000), "another program"),
    ],
)
def test_foreign_files_are_left_alone(path: Path, content: bytes, sentence: str) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(KnownError, match=sentence):
        Store.open(path)
    assert path.read_bytes() == content
    assert len(list(path.parent.iterdir())) == 1


def test_missing_foreign_and_newer_databases(path: Path) -> None:
    with pytest.raises(KnownError, match="no file"):
        Store.open(path)
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE x (y)")
    connection.commit()
    with pytest.raises(KnownError, match="another program"):
        Store.open(path)
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    with pytest.raises(KnownError, match="tables of a story"):
        Store.open(path)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    with pytest.raises(KnownError, match="newer version"):
        Store.open(path)
    connection.execute("PRAGMA user_version = 1")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with pytest.raises(KnownError, match="damaged"):
        Store.open(path)


def test_a_file_with_something_that_runs_is_refused(store: Store, path: Path) -> None:
    store.close()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TRIGGER evil AFTER INSERT ON node BEGIN DELETE FROM revision; END")
    connection.commit()
    connection.close()
    with pytest.raises(KnownError, match="tables of a story"):
        Store.open(path)


def test_create_never_overwrites(store: Store, path: Path) -> None:
    with pytest.raises(KnownError, match="already"):
        Store.create(path)
    with pytest.raises(KnownError, match="already"):
        store.save_as(path)


def test_migration_keeps_a_backup(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = store.story.text
    store.close()
    for old in backup.listing(path):
        old.unlink()
    monkeypatch.setitem(schema.MIGRATIONS, 2, ("CREATE TABLE extra (x INTEGER)",))
    with Store.open(path) as again:
        assert again.story.text == text
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 2
        assert connection.execute("SELECT count(*) FROM extra").fetchone()[0] == 0
        connection.close()
    (kept, *_) = backup.listing(path)[::-1]
    assert schema.version_of(sqlite3.connect(kept)) == 1
    monkeypatch.setitem(schema.MIGRATIONS, 3, ("CREATE TABLE extra (x INTEGER)",))
    connection = storyfile.connect(path, "rw")
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection)
    connection.close()
    monkeypatch.delitem(schema.MIGRATIONS, 3)
    Store.open(path).close()


def test_a_draft_becomes_a_reply(store: Store, path: Path) -> None:
    story = store.story
    head, before = story.head, story.text
    meta = ReplyMeta("Ember", "ff", 9, {"temperature": 0.8}, (5, 6), (-1.0, -2.0))
    store.draft(head, " half a sen", meta)
    wait_for(lambda: store._writer is not None and not store._writer.pending)
    crash(store)
    with Store.open(path) as again:
        assert again.recovered == 1
        assert again.story.text == before + " half a sen"
        reply = again.story.last_reply()
        assert reply is not None
        assert reply.meta is not None
        assert (reply.meta.seed, reply.meta.ids, reply.meta.finish) == (9, (5, 6), "interrupted")
    with Store.open(path) as again:
        assert again.recovered == 0
        assert len(again.story.branch()) == 4


def test_candidates_become_siblings(store: Store, path: Path) -> None:
    head = store.story.head
    store.draft(head, " one", row=0)
    store.draft(head, " two", row=1)
    wait_for(lambda: store._writer is not None and not store._writer.pending)
    crash(store)
    with Store.open(path) as again:
        assert again.recovered == 2
        assert [node.text for node in again.story.children(head)] == [" one", " two"]


def test_a_finished_reply_leaves_no_draft(store: Store, path: Path) -> None:
    store.draft(store.story.head, " half")
    wait_for(lambda: store._writer is not None and not store._writer.pending)
    store.draft(store.story.head, " half and more")
    store.story.append(Kind.REPLY, " half and more.", Author.MODEL, join=True)
    assert store.flush()
    crash(store)
    with Store.open(path) as again:
        assert again.recovered == 0
        again.draft(again.story.head, "x")
        again.end_draft()
        assert again.flush()
        assert not again._writer.has_drafts if again._writer else False


def test_drafts_are_written_once_a_second(store: Store) -> None:
    assert store._writer is not None
    commits = []
    original = store._writer._commit
    store._writer._commit = lambda *args: (commits.append(time.monotonic()), original(*args))[1]  # type: ignore[method-assign]
    end = time.monotonic() + 2.5
    count = 0
    while time.monotonic() < end:
        count += 1
        store.draft(store.story.head, "x" * count)
        time.sleep(0.005)
    assert 2 <= len(commits) <= 4
    store.end_draft()


def wait_for(condition: object, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_moved_file_is_reported_and_text_is_kept(store: Store, path: Path) -> None:
    seen: list[str | None] = []
    store.on_trouble = seen.append
    away = path.with_name("away.story")
    path.rename(away)
    store.story.append(Kind.DO, "You wait.")
    wait_for(lambda: store.trouble)
    assert "moved or deleted" in (store.trouble or "")
    assert not store.flush(0.1)
    with pytest.raises(KnownError, match="moved or deleted"):
        store.close(0.2)
    rescue = path.with_name("rescue.story")
    store.save_as(rescue)
    with Store.open(rescue) as other:
        assert other.story.text == store.story.text
    away.rename(path)
    store.retry()
    wait_for(lambda: store.trouble is None)
    assert store.flush()
    assert seen[-1] is None
    store.close()
    with Store.open(path) as again:
        assert again.story.text.endswith("You wait.")


def test_a_replaced_file_is_not_written_to(store: Store, path: Path) -> None:
    path.unlink()
    path.write_bytes(b"somebody else's")
    store.story.append(Kind.DO, "You wait.")
    wait_for(lambda: store.trouble)
    store.close(0.2, discard=True)
    assert path.read_bytes() == b"somebody else's"


def test_a_file_changed_by_another_program_is_not_overwritten(store: Store, path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("UPDATE node SET deleted = 1 WHERE id = 2")
    other.commit()
    other.close()
    store.story.append(Kind.DO, "You wait.")
    wait_for(lambda: store.trouble)
    assert "changed by another program" in (store.trouble or "")


def test_a_busy_file_is_written_later(store: Store, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.story.append(Kind.DO, "You wait.")
    wait_for(lambda: store.trouble, 20)
    assert "another program holds" in (store.trouble or "")
    other.execute("ROLLBACK")
    other.close()
    store.retry()
    assert store.flush(20)
    assert store.trouble is None


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own, where this machine lets tests have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root may mount a file system")
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def remount(folder: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(folder)], check=True)


def test_a_read_only_folder(path: Path) -> None:
    if os.name != "posix" or os.geteuid() == 0:
        pytest.skip("permissions do not bind this user")
    Store.create(path).close()
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        keeps_text_while_read_only(path)
    finally:
        path.parent.chmod(0o755)


def test_a_read_only_disk(disk: Path) -> None:
    path = disk / "a.story"
    Store.create(path).close()
    remount(disk, "ro")
    store = keeps_text_while_read_only(path)
    remount(disk, "rw")
    store = Store.open(path)
    store.story.append(Kind.DO, "You wait.")
    assert store.flush()
    remount(disk, "rw")
    store.close()


def keeps_text_while_read_only(path: Path) -> Store:
    store = Store.open(path)
    store.story.append(Kind.DO, "You wait.")
    wait_for(lambda: store.trouble)
    assert "read-only" in (store.trouble or "") or "for writing" in (store.trouble or "")
    assert not store.flush(0.1)
    assert store.story.text == "You wait."
    store.close(0.1, discard=True)
    return store


def test_a_full_disk(disk: Path) -> None:
    path = disk / "a.story"
    store = Store.create(path)
    store.story.append(Kind.OPENING, "It begins.")
    assert store.flush()
    store.story.append(Kind.STORY, "word " * 60_000)
    wait_for(lambda: store.trouble)
    assert "disk is full" in (store.trouble or "")
    assert store.story.text.endswith("word ")
    on_disk = storyfile.load(path)
    assert on_disk.damage == []
    assert len(on_disk.state.nodes) == 1
    remount(disk, "size=8m")
    store.retry()
    assert store.flush()
    assert store.trouble is None
    store.close()
    with Store.open(path) as reopened:
        assert reopened.story.text == store.story.text


def test_a_drive_that_goes_and_comes_back(disk: Path) -> None:
    path = disk / "a.story"
    store = Store.create(path)
    elsewhere = disk.with_name("elsewhere")
    elsewhere.mkdir()
    subprocess.run(["mount", "--move", str(disk), str(elsewhere)], capture_output=True, check=False)
    if path.exists():
        store.close()
        pytest.skip("moving a mount is not permitted here")
    try:
        store.story.append(Kind.DO, "You wait.")
        wait_for(lambda: store.trouble)
        assert "drive is gone" in (store.trouble or "")
    finally:
        subprocess.run(["mount", "--move", str(elsewhere), str(disk)], check=True)
    store.retry()
    assert store.flush()
    store.close()
    with Store.open(path) as reopened:
        assert reopened.story.text == "You wait."


def test_disk_errors_from_sqlite(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real, broken = storyfile.write_rows, threading.Event()
    broken.set()

    def failing(*args: object) -> object:
        if broken.is_set():
            raise sqlite3.OperationalError("disk I/O error")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(storyfile, "write_rows", failing)
    store.story.append(Kind.DO, "You wait.")
    store.story.append(Kind.DO, "You wait more.")
    wait_for(lambda: store.trouble)
    broken.clear()
    store.retry()
    assert store.flush()
    assert store.trouble is None


def test_purged_words_leave_file_and_backups(store: Store, path: Path) -> None:
    story = store.story
    node = story.append(Kind.DO, "You whisper XYZZYSECRET.")
    store.close()
    assert any(b"XYZZYSECRET" in file.read_bytes() for file in backup.listing(path))
    with Store.open(path) as again:
        again.story.purge(node.id)
        assert again.flush()
    assert b"XYZZYSECRET" not in path.read_bytes()
    assert backup.listing(path)
    for file in backup.listing(path):
        assert b"XYZZYSECRET" not in file.read_bytes()


def test_a_clean_copy_holds_no_other_words(store: Store, path: Path, tmp_path: Path) -> None:
    story = store.story
    story.append(Kind.DO, "You whisper XYZZYSECRET.")
    story.undo()
    story.set("memory", "XYZZYSECRET")
    story.set("memory", "plain")
    store.save_clean_copy(tmp_path / "clean.story")
    data = (tmp_path / "clean.story").read_bytes()
    assert b"XYZZYSECRET" not in data
    with Store.open(tmp_path / "clean.story") as clean:
        assert clean.story.text == story.text
        assert clean.story.memory == "plain"


def test_backups_rotate(store: Store, path: Path) -> None:
    store.close()
    connection = storyfile.connect(path, "ro")
    day = 86400.0
    start = 1_700_000_000.0
    for hour in range(24 * 40):
        if hour % 6 == 0:
            backup.make(connection, path, start + hour * 3600)
    connection.close()
    made = [backup.moment(p) or 0.0 for p in backup.listing(path)]
    assert 12 <= len(made) <= 22
    assert made[0] > start + 39 * day
    assert made[-1] < start + 25 * day
    with Store.open(backup.listing(path)[0]) as copy:
        assert copy.story.text.startswith("You stand")
    assert paths.backups() in backup.folder_of(path).parents
    backup.forget(path)
    assert backup.listing(path) == []


def test_closing_makes_a_backup_of_what_changed(store: Store, path: Path) -> None:
    store.close()
    (made,) = backup.listing(path)
    Store.open(path).close()
    assert backup.listing(path) == [made]


def test_typing_writes_little(store: Store) -> None:
    written: list[int] = []
    story = store.story
    story.append(Kind.STORY, "word " * 20_000)
    assert store.flush()
    assert store._writer is not None
    submit = store._writer.submit

    def counting(rows: list, **kwargs: bool) -> object:
        written.append(len(json.dumps([list(map(str, row)) for row in rows])))
        return submit(rows, **kwargs)

    store._writer.submit = counting  # type: ignore[method-assign]
    at = 50_000
    for letter in "a few more words in the middle of a chapter":
        story.replace(at, at, letter, merge_key="typing")
        at += 1
    assert max(written) < 2000
    assert len(story.revisions(story.head or 0)) == 2


def test_metadata_stays_within_its_budget(path: Path) -> None:
    story = Story()
    story.append(Kind.OPENING, "It begins.")
    tokens = 0
    for turn in range(60):
        ids = tuple((turn * 131 + i * 7919) % 50257 for i in range(80))
        top = tuple(tuple((i + j, -1.0 - j) for j in range(5)) for i in ids)
        meta = ReplyMeta(
            "Ember", "ab" * 32, turn, {"temperature": 0.8}, ids, tuple(-i / 9000 for i in ids), top
        )
        story.append(Kind.REPLY, "x", Author.MODEL, meta=meta)
        tokens += len(ids)
    Store.create(path, story).close()
    assert path.stat().st_size / tokens < 40


def test_the_lock_is_not_beside_the_story(store: Store, path: Path) -> None:
    assert paths.locks() in Path(lock_of(path).lock_file).parents
    assert {p.name for p in path.parent.iterdir()} <= {path.name, f"{path.name}-journal"}


def test_damage_from_another_version_of_a_row_is_seen(store: Store, path: Path) -> None:
    store.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE revision SET text = 'You lie in a yard.' WHERE node = 1")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    damaged = Store.open(path)
    assert damaged.damage
    assert any(item.node == 1 for item in damaged.damage)
    assert "You lie" not in damaged.story.text
    assert damaged.story.text.endswith("The lid creaks.")
    damaged.story.append(Kind.DO, "You go on.")
    assert not damaged.flush(0.1)
    with pytest.raises(KnownError, match="damaged"):
        damaged.close()
    damaged.save_as(path.with_name("repaired.story"))
    damaged.close(discard=True)
    assert path.read_bytes() == before
    with Store.open(path.with_name("repaired.story")) as repaired:
        assert repaired.damage == ()
        assert repaired.story.text.endswith("You go on.")
