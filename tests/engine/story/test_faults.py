"""Mutated, cut and foreign story files; and a program that is killed at any moment."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from engine.errors import KnownError
from engine.story import reading, schema, storyfile
from engine.story.node import Author, Kind, Prompt, ReplyMeta
from engine.story.store import Store, save_copy
from engine.story.tree import Story

ROOT = Path(__file__).resolve().parents[3]


def long_story(seed: int = 0) -> Story:
    """A story with all there can be in one: branches, revisions, lore, undone verbs, metadata."""
    rng = random.Random(seed)
    words = [f"word{n}" for n in range(500)]
    story = Story()

    def text(n: int) -> str:
        return " ".join(rng.choice(words) for _ in range(n)) + "."

    story.set("title", "The Fault")
    story.set("memory", text(40))
    story.append(Kind.OPENING, text(60))
    for turn in range(40):
        story.append(Kind.DO, f"You {text(6)}")
        ids = tuple(rng.randrange(50257) for _ in range(40))
        top = tuple(tuple((rng.randrange(50257), -1.0) for _ in range(3)) for _ in ids)
        logprobs = tuple(-rng.random() for _ in ids)
        prompt = Prompt(10 * turn, tuple(rng.randrange(50257) for _ in range(60)))
        meta = ReplyMeta("Ember", "ab" * 32, turn, {"t": 0.8}, ids, logprobs, top, prompt)
        reply = story.append(Kind.REPLY, text(40), Author.MODEL, meta=meta)
        if turn % 5 == 0:
            story.edit(reply.id, reply.text.replace("word1", "deed1"))
            at = rng.randrange(story.length)
            story.replace(at, at + 3, text(2))
        if turn % 7 == 0:
            story.retry()
            story.append(Kind.REPLY, text(30), Author.MODEL)
        if turn % 9 == 0:
            story.put_lore({"keys": [text(1)], "text": text(12)})
    story.delete_branch(story.branch()[-1].id)
    story.undo()
    story.set("note", text(9))
    story.undo()
    return story


def mutate(data: bytes, rng: random.Random) -> bytes:
    """The file as a bad disk, a bad copy or a person might leave it."""
    out = bytearray(data)
    how = rng.randrange(8)
    if how <= 2:  # single bits
        for _ in range(rng.choice([1, 1, 1, 5, 40])):
            at = rng.randrange(len(out))
            out[at] ^= 1 << rng.randrange(8)
    elif how == 3:  # cut off
        del out[rng.randrange(len(out)) :]
    elif how == 4:  # a run of zeroes or noise
        at, size = rng.randrange(len(out)), rng.choice([16, 512, 4096, 20000])
        noise = bytes(size) if rng.random() < 0.5 else rng.randbytes(size)
        out[at : at + size] = noise[: max(0, len(out) - at)]
    elif how == 5:  # one page in the place of another: looks sound, is not
        pages = len(out) // 4096
        a, b = rng.randrange(pages), rng.randrange(pages)
        out[a * 4096 : (a + 1) * 4096] = data[b * 4096 : (b + 1) * 4096]
    elif how == 6:  # a few bytes gone or doubled: all after them is shifted
        at = rng.randrange(len(out))
        if rng.random() < 0.5:
            del out[at : at + rng.randrange(1, 100)]
        else:
            out[at:at] = out[at : at + rng.randrange(1, 100)]
    else:  # the header and the schema, where damage does most
        at = rng.randrange(min(len(out), 4096))
        out[at] = rng.randrange(256)
    return bytes(out)


def opened(path: Path) -> tuple[Store | None, str]:
    try:
        return Store.open(path), ""
    except KnownError as error:
        return None, str(error)


def check(path: Path, original: Story) -> str:
    """Open a damaged file: an error in words, or what is left of it, with nothing made up."""
    before = path.read_bytes()
    store, refusal = opened(path)
    if store is None:
        assert refusal.endswith(".")
        result = "refused"
    else:
        story = store.story
        whole = not store.damage
        if whole:
            assert store.flush()
            assert story.text == original.text
            assert story.state.nodes == original.state.nodes
            assert story.state.values == original.state.values
        wordings = {
            node_id: {wording.text for wording in original.revisions(node_id)}
            for node_id in original.state.nodes
        }
        for node in story.state.nodes.values():
            if not node.text:
                continue
            # Never wrong text: it is what the passage said, and what it says now unless named.
            assert node.text == original.node(node.id).text, node.id
            assert node.text in wordings[node.id]
        for node in original.state.nodes.values():
            left = story.state.nodes.get(node.id)
            assert whole or left is None or left.text == node.text or store.damage
        for key, value in story.state.values.items():
            if key != "head":
                assert value == original.state.values[key]
        if not whole:
            assert store.trouble
            while story.undo():
                pass
            store.save_as(path.with_name("saved.story"))
            path.with_name("saved.story").unlink()
        store.close(discard=True)
        result = "whole" if whole else "rest"
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    return result


def mutations(folder: Path, count: int, seed: int) -> dict[str, int]:
    rng = random.Random(seed)
    original = long_story()
    source = folder / "source.story"
    save_copy(original, source)
    data = source.read_bytes()
    source.unlink()
    path = folder / "damaged.story"
    results = {"refused": 0, "rest": 0, "whole": 0}
    for _ in range(count):
        path.write_bytes(mutate(data, rng))
        results[check(path, original)] += 1
    return results


def test_damaged_files(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    results = mutations(folder, 120, seed=1)
    assert results["refused"] > 5
    assert results["rest"] > 30


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_thousand_damaged_files(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    results = mutations(folder, 2000, seed=2)
    print(results)
    assert sum(results.values()) == 2000


def test_forged_files_do_no_harm(tmp_path: Path) -> None:
    """Rows whose checksums are right but that make no sense: somebody wrote them on purpose."""
    forgeries: list[tuple[str, tuple[object, ...]]] = [
        ("node", (1, 2, "do", 0, 0, 0)),  # a circle with its child
        ("node", (1, 1, "do", 0, 0, 0)),
        ("node", (1, 0, "spell", 0, 0, 0)),
        ("node", (1, 0, "do", 0, 99, 0)),
        ("node", (1, 0, "do", 0, -1, 0)),
        ("revision", (1, 0, 0, 0, 0, 0, "h3", "abc")),  # builds on itself
        ("revision", (1, 0, -1, 0, 0, 0, "h99", "abc")),
        ("revision", (1, 0, -1, 0, 0, 0, "q3", "abc")),
        ("revision", (1, 2_000_000_000, -1, 0, 0, 0, "h3", "abc")),
        ("revision", (1, 1, 0, 50, 10, 0, "h3", "abc")),
        ("value", ("head", "[1]")),
        ("value", ("head", "true")),
        ("value", ("head", "77")),
        ("value", ("title", "[1]")),
        ("value", ("lore/x", "{}")),
        ("value", ("lore/1", "[]")),
        ("value", ("settings", "[" * 100_000)),
        ("value", ("memory", "{")),
        ("reply", (2, 1, b"\x01")),
        ("reply", (2, 77, b"")),
        ("top", (2, b"\xff" * 40)),
        ("origin", (1, "[]")),
        ("draft", (0, 1, 0, "spell", "x", "{}", b"")),
        ("draft", (0, 1, 0, "reply", "x", "{", b"\x01")),
        ("draft", (0, 99, 0, "reply", "x", "{}", b"")),
        ("draft", (0, 0, 0, "reply", "x", "{}", b"")),
        ("journal", (1, 7, 0, "x", "[]")),
        ("journal", (99, 0, 0, "x", "{")),
        ("journal", (99, 0, 0, "x", '[["value","head","1","55"]]')),
        ("journal", (99, 0, 0, "x", '[["revision",1,44,0]]')),
        ("journal", (99, 0, 0, "x", '[["parent",1,2,0]]')),
        ("journal", (99, 0, 0, "x", '[["rename","a","b","c"]]')),
    ]
    for number, (name, row) in enumerate(forgeries):
        path = tmp_path / f"{number}.story"
        story = Story()
        story.append(Kind.OPENING, "It begins here.")
        meta = ReplyMeta("m", "d", 1, {}, (1, 2), (-1.0, -2.0), (((1, -1.0),),) * 2)
        story.append(Kind.REPLY, "It goes on.", Author.MODEL, meta=meta)
        save_copy(story, path)
        connection = sqlite3.connect(path)
        table = schema.TABLES[name]
        connection.execute(table.insert, (*row, schema.checksum(table, row)))
        sums = []
        for each in schema.TABLES.values():
            sums += [r[-1] for r in connection.execute(each.select)]
        storyfile.write_tally(connection, reading.tally_of(sums))
        connection.commit()
        connection.close()
        with_sense = Store.open(path)
        for node in with_sense.story.branch():
            if node.meta is not None:
                _ = (node.meta.ids, node.meta.top, node.meta.settings, node.meta.prompt)
        with suppress(KnownError):
            while with_sense.story.undo():
                pass
        with_sense.close(discard=True)


SESSION = """
import random, sys
from pathlib import Path
from engine.story.node import Author, Kind
from engine.story.store import Store

store = Store.open(Path(sys.argv[1]))
story, rng = store.story, random.Random(int(sys.argv[2]))

def say(*words):
    print(*words, flush=True)

say("text", repr(story.text))
for turn in range(100000):
    choice = rng.randrange(7)
    if choice <= 2 or not story.branch():
        streamed = ""
        for n in range(rng.randrange(40)):
            streamed += f" {turn}.{n}"
            store.draft(story.head, streamed)
        story.append(Kind.REPLY, streamed or "x", Author.MODEL)
    elif choice == 3:
        at = rng.randrange(story.length + 1)
        story.replace(at, min(at + 5, story.length), f"<{turn}>")
    elif choice == 4:
        story.undo()
    elif choice == 5:
        story.set("memory", f"memory {turn}")
    else:
        story.back()
    store.saved.result(30)
    say("text", repr(story.text))
"""


def killings(folder: Path, count: int, seed: int) -> int:
    """Kill a session ``count`` times at random moments; how many verbs survived in all."""
    rng = random.Random(seed)
    path = folder / "killed.story"
    Store.create(path).close()
    script = folder / "session.py"
    script.write_text(SESSION)
    acknowledged = 0
    for number in range(count):
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, str(script), str(path), str(number)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(rng.random() * 0.3)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
        process.wait()
        process.stdout.close()
        said = [line for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")]
        acknowledged += len(said) - 1
        last = said[-1].removeprefix("text ").strip()
        kept = path.with_name("alone.story")
        hot = storyfile.recovering(path)
        if not hot:  # the single file suffices
            kept.write_bytes(path.read_bytes())
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        for file in [path] if hot else [kept, path]:
            with Store.open(file) as store:
                assert store.damage == ()
                story = store.story
                if store.recovered:
                    story.undo()
                texts = {repr(story.text)}
                # The verb under way when the end came may be there already.
                if story.undo():
                    texts.add(repr(story.text))
                    story.redo()
                if story.redo():
                    texts.add(repr(story.text))
                    story.undo()
                assert last in texts, (number, last[-80:], [t[-80:] for t in texts])
        kept.unlink(missing_ok=True)
        if number % 40 == 39:
            path.unlink()
            Store.create(path).close()
    return acknowledged


@pytest.mark.skipif(os.name != "posix", reason="kills with a signal")
def test_kill_at_random_moments(tmp_path: Path) -> None:
    assert killings(tmp_path, 6, seed=1) > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.name != "posix", reason="kills with a signal")
def test_kill_at_two_hundred_random_moments(tmp_path: Path) -> None:
    assert killings(tmp_path, 200, seed=2) > 200


@pytest.mark.skipif(os.name != "posix", reason="kills with a signal")
def test_a_streaming_draft_loses_at_most_two_seconds(tmp_path: Path) -> None:
    path = tmp_path / "stream.story"
    with Store.create(path) as store:
        store.story.append(Kind.OPENING, "It begins.")
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from engine.story.store import Store\n"
        "store = Store.open(Path(sys.argv[1]))\n"
        "text, start = '', time.time()\n"
        "while True:\n"
        "    text += f' {time.time():.2f}'\n"
        "    store.draft(store.story.head, text)\n"
        "    print(time.time(), flush=True)\n"
        "    time.sleep(0.02)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(3.4)
    process.kill()
    last = float(process.stdout.read().split()[-1])
    process.wait()
    process.stdout.close()
    with Store.open(path) as store:
        assert store.recovered == 1
        newest = float(store.story.text.split()[-1])
    assert last - newest < 2.0
