"""One turn: a story becomes a request, the events become a reply, the reply a passage.

The terminal and the window play through this file; it knows neither Qt nor torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.lm.backend import (
    Backend,
    End,
    Event,
    Finish,
    Identity,
    Prefill,
    Request,
    Retract,
    Token,
)
from engine.lm.settings import SamplerSettings
from engine.story.adventure import ACTIONS, Reply, ReplyWatch, Stop, finish
from engine.story.beside import NOTE_DEPTH
from engine.story.context import ContextBuilder, Note, Sources
from engine.story.editing import PARAGRAPH, with_lead
from engine.story.ledger import Context
from engine.story.lorebook import Entry, LoreSettings
from engine.story.node import Author, Kind, Node, Prompt, ReplyMeta
from engine.story.normalize import normalize
from engine.story.spans import cut, whole
from engine.story.tree import Story
from engine.story.trim import Mode
from engine.tokens import common_prefix

REREAD_SECONDS = 0.5  # a window that is read again in less never needs evicting in blocks
LARGEST_BLOCK = 0.4
STOPPED = "stopped"  # by the person
EARLIER_REPLIES = (
    6  # a reply is compared with this many before it, to notice that it says nothing new
)


@dataclass(frozen=True, slots=True)
class Play:
    """How replies are asked for: lengths are tokens; ``top`` alternatives are kept per token."""

    sampling: SamplerSettings = field(default_factory=SamplerSettings)
    max_tokens: int = 80
    finish_sentence: int = 20
    stop: tuple[str, ...] = ()
    top: int = 5
    n: int = 1
    each: tuple[SamplerSettings, ...] = ()  # for candidates that differ in their settings
    mode: Mode = Mode.ADVENTURE


def block_share(seconds_per_token: float, n_ctx: int) -> float:
    """The share of history to evict at once, by what reading a whole window again costs.

    In tenths: a clock's noise must not move the window between reading ahead and the turn.
    """
    seconds = seconds_per_token * n_ctx
    return min(round(max(seconds - REREAD_SECONDS, 0.0) / 2, 1), LARGEST_BLOCK)


def last_border(branch: Sequence[Node]) -> tuple[int, int] | None:
    """Where history began in the window of the last reply on the branch."""
    for node in reversed(branch):
        if node.meta is not None:
            return node.meta.border
    return None


def answer_room(play: Play, n_ctx: int) -> int:
    """Tokens kept free for the answer: never more than half of the window."""
    return min(play.max_tokens + play.finish_sentence, n_ctx // 2)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a view does for one event: take ``back`` characters off candidate ``row``, add ``text``."""

    row: int
    text: str = ""
    back: int = 0


class Writing:
    """One candidate while it streams: its tokens, what of it is shown, and why it should stop."""

    def __init__(self, row: int, play: Play, *, after_action: bool) -> None:
        self.row = row
        self.tokens: list[Token] = []
        self.ended: Finish | None = None
        self.stop: Stop | None = None
        self._mode = play.mode
        self._watch = ReplyWatch(play.mode)
        self._swallow = after_action
        self._shown = ""

    @property
    def raw(self) -> str:
        """All that the model wrote."""
        return "".join(token.text for token in self.tokens)

    @property
    def shown(self) -> str:
        """What a view shows by now: after an action, without the white space that leads up to it."""
        return self._shown

    def feed(self, event: Event) -> Shown | None:
        """Take one event of this row; what a view does for it."""
        if isinstance(event, Token) and self.stop is None:
            self.tokens.append(event)
            self.stop = self._watch.feed(event.id, event.text)
        elif isinstance(event, Retract):
            del self.tokens[len(self.tokens) - event.n :]
            self._watch.retract(event.n)
        elif isinstance(event, End):
            self.ended = event.reason
            return None
        return self._update()

    def _update(self) -> Shown | None:
        text = self.raw if self.stop is None else self.raw[: self.stop.keep]
        if self._swallow:
            text = text.lstrip()
        old, self._shown = self._shown, text
        if text.startswith(old):
            return Shown(self.row, text[len(old) :]) if len(text) > len(old) else None
        same = next(
            (i for i, (a, b) in enumerate(zip(old, text, strict=False)) if a != b), len(text)
        )
        return Shown(self.row, text[same:], len(old) - same)

    def finish(self, earlier: Sequence[str] = ()) -> Reply:
        """The passage that this becomes, whether it ended by itself or was stopped."""
        by_itself = self.ended in {Finish.STOP, Finish.END, Finish.SENTENCE}
        finished = by_itself or (self.ended is None and self.stop is None)  # the person stopped it
        return finish(self.raw, self._mode, stop=self.stop, finished=finished, earlier=earlier)


class Turn:
    """A request made from a story, and the candidates that come of it."""

    def __init__(
        self,
        context: Context,
        request: Request,
        play: Play,
        story: Story,
        branch: Sequence[Node],
    ) -> None:
        self.context = context
        self.request = request
        self.parent = story.head
        self.after_action = bool(branch) and branch[-1].kind in ACTIONS
        self.rows = [Writing(row, play, after_action=self.after_action) for row in range(request.n)]
        replies = [node for node in branch if node.kind is Kind.REPLY]
        self._earlier = [node.text for node in replies[-EARLIER_REPLIES:]]
        explained = next((node for node in reversed(branch) if node.meta is not None), None)
        before = story.prompt(explained.id) if explained is not None else ()
        shared = common_prefix(before, request.tokens)
        self._prompt = Prompt(shared, request.tokens[shared:])

    @property
    def done(self) -> bool:
        """Whether nothing more is wanted: every candidate has ended or should stop."""
        return all(row.ended is not None or row.stop is not None for row in self.rows)

    def feed(self, event: Event) -> Shown | None:
        """Take one event; what a view does for it."""
        return None if isinstance(event, Prefill) else self.rows[event.row].feed(event)

    def run(self, backend: Backend) -> Iterator[Prefill | Shown]:
        """Ask ``backend`` and yield what a view shows; ``close()`` it to stop, then ``commit``."""
        events = backend.generate(self.request)
        try:
            for event in events:
                shown = self.feed(event)
                if isinstance(event, Prefill):
                    yield event
                elif shown is not None:
                    yield shown
                if self.done:
                    break
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()

    def draft(self, row: int = 0) -> str:
        """What a candidate would read in the story as far as it has come; "" before a word."""
        text = self.rows[row].shown
        if not text.strip():
            return ""
        return (PARAGRAPH if self.after_action else "") + text.removeprefix(self.context.stripped)

    def reply(self, row: int = 0) -> Reply:
        """The passage that candidate ``row`` becomes."""
        return self.rows[row].finish(self._earlier)

    def commit(
        self, story: Story, identity: Identity, row: int = 0, *, merge_key: str = ""
    ) -> Node | None:
        """Append candidate ``row`` to its story as a reply; None if it wrote nothing."""
        writing, reply = self.rows[row], self.reply(row)
        if not reply.text:
            return None
        trimmed = reply.trimmed
        lead = trimmed.lead
        if self.after_action and "\n" not in lead:
            lead = PARAGRAPH
        elif lead.startswith(self.context.stripped):  # the story has that white space already
            lead = lead[len(self.context.stripped) :]
        kept, length = 0, 0
        spelled = len(trimmed.lead) + len(trimmed.text) - len(trimmed.added)
        for token in writing.tokens:
            length += len(token.text)
            if length > spelled:
                break
            kept += 1
        tokens = writing.tokens[:kept]
        if any(math.isnan(token.logprob) for token in tokens):
            tokens = []  # a server that does not tell them: there is nothing to explain or replay
        meta = ReplyMeta(
            model=identity.name,
            digest=identity.digest,
            seed=self.request.seed,
            settings=self.request.settings(row).to_json()
            | ({"dtype": identity.dtype} if identity.dtype else {})
            | {"row": row},
            ids=tuple(token.id for token in tokens),
            logprobs=tuple(token.logprob for token in tokens),
            top=tuple(tuple((a.id, a.logprob) for a in token.top) for token in tokens),
            prompt=self._prompt,
            border=self.context.border,
            finish=str(writing.stop.why if writing.stop else writing.ended or STOPPED),
            cut=trimmed.cut,
        )
        with story.verb("reply", merge_key):
            if story.head != self.parent:
                story.go_to(self.parent)
            text = lead + trimmed.text
            return story.append(Kind.REPLY, text, Author.MODEL, meta=meta, join=True)


def before(story: Story, offset: int) -> tuple[Node, ...]:
    """The passages of the branch before a place in its text, the last one cut there."""
    branch = story.branch()
    if not branch or offset >= story.length:
        return branch
    index, inside = story.locate(offset)
    node = branch[index]
    text, spans = node.text[:inside], cut(node.spans, 0, inside)
    last = replace(node, text=text, spans=spans, meta=None) if inside < len(node.text) else node
    return (*branch[:index], last) if text else branch[:index]


def sources(
    story: Story,
    upto: int | None = None,
    *,
    draft: Node | None = None,
    lore: Sequence[Entry] | None = None,
) -> Sources:
    """What a window of ``story`` is made of; only what stands before ``upto``, if given.

    ``draft`` is a passage that is only being typed, at the end; ``lore`` are the entries of the
    story where they have been read already.
    """
    branch = story.branch() if upto is None else before(story, upto)
    if draft is not None:
        branch = (*branch, draft)
    settings = story.settings
    return Sources(
        branch=branch,
        memory=story.memory,
        note=_note(story),
        lore=lore_of(story) if lore is None else lore,
        lore_settings=LoreSettings.readable(settings.get("lorebook")),
        pin_opening=bool(settings.get("pin_opening", False)),
        border=last_border(branch),
    )


def lore_of(story: Story) -> list[Entry]:
    """The lore entries of a story; what cannot be read is switched off."""
    return [Entry.readable(entry | {"id": str(key)}) for key, entry in story.lore.items()]


def _note(story: Story) -> Note:
    """The author's note, where and how the settings say, as far as they make sense."""
    depth: Any = story.settings.get("note_depth")
    template: Any = story.settings.get("note_template")
    return Note(
        story.note,
        depth if type(depth) is int else NOTE_DEPTH,
        template if isinstance(template, str) else None,
    )


def drafted(story: Story, kind: Kind, text: str) -> Node:
    """The passage that ``text`` would become at the end of the story, without putting it there."""
    text = with_lead(story.state.last_text(story.head), normalize(text))
    return Node(story.state.next_id, story.head, kind, text, whole(len(text), Author.HUMAN), 0.0)


def eviction_block(backend: Backend) -> float:
    """The share of history that this backend's windows give up at once."""
    return block_share(getattr(backend, "seconds_per_token", 0.0), backend.n_ctx)


def see(
    made_of: Sources, backend: Backend, builder: ContextBuilder, play: Play, *, cue: str = ""
) -> Context:
    """The window that a request made of these sources is sent with."""
    budget = backend.n_ctx - answer_room(play, backend.n_ctx)
    return builder.build(made_of, budget, block=eviction_block(backend), cue=cue)


def prepare(
    story: Story,
    backend: Backend,
    builder: ContextBuilder,
    play: Play,
    seed: int,
    *,
    cue: str = "",
    upto: int | None = None,
) -> Turn:
    """Build the window of ``story`` and the request for what comes next.

    ``cue`` are words put in the model's mouth, e.g. for suggested actions. ``upto`` is a place in
    the branch's text (code points): what comes next there, in the middle of the story.

    Raises:
        KnownError: there is nothing to continue.
    """
    made_of = sources(story, upto)
    context = see(made_of, backend, builder, play, cue=cue)
    room = answer_room(play, backend.n_ctx)
    longest = min(play.max_tokens, room)
    request = Request(
        text=context.text,
        tokens=context.tokens,
        max_tokens=longest,
        sampling=play.sampling,
        stop=(*builder.profile.stop, *play.stop),
        finish_sentence=room - longest,
        seed=seed,
        n=play.n,
        each=play.each,
        top=play.top,
        nonempty=True,
        keep=context.head,
    )
    return Turn(context, request, play, story, made_of.branch)
